import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { conversionRows } from './conversions.ts';
import { conversionsText } from './report.ts';

describe('the measurement of conversions', () => {
  const rows = conversionRows(1);

  it('is made of every caller with every upstream that is not its own', () => {
    assert.deepEqual(
      rows.filter(({ from }) => from === 'openai-chat').map(({ to }) => to),
      ['anthropic', 'openai-responses', 'salesforce, native', 'salesforce, documented'],
    );
    assert.equal(rows.length, 12);
  });

  it('has a number for all that an upstream does', () => {
    for (const { to, smallRequest, agentRequest, event, answer } of rows) {
      assert.ok(smallRequest > 0 && agentRequest > 0, to);
      const isWhole = to === 'salesforce, documented';
      assert.equal(event === undefined, isWhole, to);
      assert.equal(answer === undefined, !isWhole, to);
      assert.ok((event ?? answer ?? 0) > 0, to);
    }
  });

  it('is shown with a dash where there is nothing to measure', () => {
    const text = conversionsText(rows);
    assert.match(text, /^ *anthropic +salesforce, native( +[\d.]+){3} +-$/m);
    assert.match(text, /^ *anthropic +salesforce, documented( +[\d.]+){2} +- +\d+$/m);
  });
});
