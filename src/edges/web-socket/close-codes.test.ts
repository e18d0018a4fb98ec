import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorTable } from '../../core/error-table.ts';
import { closeLabel, legLosses, passedOn } from './close-codes.ts';

/** What `ws` takes for a close frame of ours. */
function sendable(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
}

describe('close codes', () => {
  it('pass on as they are where they say the same on the other side', () => {
    const same = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013];
    for (const code of [...same, 3000, 3999, 4000, 4999]) assert.equal(passedOn(code), code);
  });

  it('pass no code on where none was said', () => {
    assert.equal(passedOn(1005), undefined);
  });

  it('become one that can be sent, and never a clean one, everywhere else', () => {
    for (let code = 0; code < 5_100; code += 1) {
      const told = passedOn(code);
      if (told === undefined || told === code) continue;
      assert.equal(told, 1011, String(code));
    }
    assert.equal(passedOn(1014), 1011);
    assert.equal(passedOn(1006), 1011);
  });

  it('tell the peer of a broken leg something that can be sent and is not 1000', () => {
    for (const [side, losses] of Object.entries(legLosses)) {
      for (const { code, tell } of Object.values(losses)) {
        assert.ok(sendable(tell) && tell !== 1000, `${side} ${tell}`);
        assert.equal(errorTable[code].origin, side);
      }
    }
  });

  it('have few labels, whatever peers send', () => {
    const labels = new Set(Array.from({ length: 70_000 }, (_none, code) => closeLabel(code)));
    assert.equal(labels.size, 17);
    assert.equal(closeLabel(1012), '1012');
    assert.equal(closeLabel(3456), '3xxx');
    assert.equal(closeLabel(4000), '4xxx');
    assert.equal(closeLabel(2000), 'other');
  });
});
