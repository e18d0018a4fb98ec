import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../core/header-list.ts';
import { headerEditFor } from './header-edit.ts';

describe('the fields of a call for an upstream', () => {
  it('ask for plain answers, whatever the caller asked', () => {
    for (const fields of [[], [['Accept-Encoding', 'gzip, br']]] as [string, string][][]) {
      const edit = headerEditFor({ identityOnly: true, without: [] });
      assert.deepEqual(edit?.apply(HeaderList.of(fields)).all('accept-encoding'), ['identity']);
    }
  });

  it('leave behind what must not go there', () => {
    const fields = HeaderList.of([
      ['Cookie', 'session=1'],
      ['accept', '*/*'],
    ]);
    const edit = headerEditFor({ identityOnly: false, without: ['cookie'] });
    assert.deepEqual([...(edit?.apply(fields) ?? [])], [['accept', '*/*']]);
  });

  it('stay as they are where nothing is to be changed', () => {
    assert.equal(headerEditFor({ identityOnly: false, without: [] }), undefined);
  });
});
