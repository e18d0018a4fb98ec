import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../../core/header-list.ts';
import { answerFields } from './answer-fields.ts';
import { mapped, mappedLinks } from './link-header.ts';

const map = { from: ['https://acme.service-now.com'], to: 'http://gw:8787/servicenow' };
const page = (offset: number): string =>
  `/api/now/table/incident?sysparm_query=stateIN1,2&sysparm_limit=2&sysparm_offset=${offset}`;
const instance = 'https://acme.service-now.com';

describe('the links of a page', () => {
  it('lead through the gateway, with their relations', () => {
    const value = [0, 2, 4].map((at) => `<${instance}${page(at)}>;rel="r${at}"`).join(',');
    assert.equal(
      mappedLinks(value, map),
      [0, 2, 4].map((at) => `<http://gw:8787/servicenow${page(at)}>;rel="r${at}"`).join(','),
    );
  });

  it('are left out where they lead in front of the first row', () => {
    const value = `<${instance}${page(-2)}>;rel="prev", <${instance}${page(2)}>; rel=next`;
    assert.equal(mappedLinks(value, map), `<http://gw:8787/servicenow${page(2)}>; rel=next`);
    assert.equal(mappedLinks(`<${instance}${page(-2)}>;rel="prev"`, map), undefined);
  });

  it('stay as they are where they lead elsewhere', () => {
    for (const other of ['https://acme.service-now.com.evil.org/a', 'http://x.org/', '/a']) {
      assert.equal(mappedLinks(`<${other}>;rel="x"`, map), `<${other}>;rel="x"`);
    }
  });

  it('stay as they are where the field is no list of links', () => {
    for (const value of ['nonsense', `<${instance}/a`, `<${instance}/a>;rel="x" <b>`]) {
      assert.equal(mappedLinks(value, map), value);
    }
  });

  it('can be paths, and the base may have one', () => {
    const deep = { from: [`${instance}/proxy`], to: '/servicenow' };
    assert.equal(mapped(`HTTPS://ACME.service-now.com/proxy/api?a=1`, deep), '/servicenow/api?a=1');
    assert.equal(mapped(`${instance}/proxy2/api`, deep), `${instance}/proxy2/api`);
    assert.equal(mapped(instance, map), 'http://gw:8787/servicenow/');
    assert.equal(mapped(`${instance}/a`, { ...map, to: '' }), '/a');
  });
});

describe('the fields of an answer', () => {
  it('pass unless there is something to change', () => {
    const plain = HeaderList.of([
      ['X-Total-Count', '7'],
      ['content-type', 'application/json'],
    ]);
    assert.equal(answerFields(plain, map), plain);
  });

  it('lose cookies and lead back', () => {
    const fields = HeaderList.of([
      ['Set-Cookie', 'JSESSIONID=1; Path=/'],
      ['Location', `${instance}/api/now/table/incident/1`],
      ['X-Total-Count', '7'],
      ['Link', `<${instance}${page(2)}>;rel="next"`],
      ['set-cookie', 'BIGipServerpool_acme=2'],
    ]);
    assert.deepEqual(
      [...answerFields(fields, map)],
      [
        ['X-Total-Count', '7'],
        ['Link', `<http://gw:8787/servicenow${page(2)}>;rel="next"`],
        ['Location', 'http://gw:8787/servicenow/api/now/table/incident/1'],
      ],
    );
    const gone = HeaderList.of([['Link', `<${instance}${page(-2)}>;rel="prev"`]]);
    assert.deepEqual([...answerFields(gone, map)], []);
  });
});
