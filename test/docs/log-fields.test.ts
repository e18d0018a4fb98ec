// The guide to the log names every field that a line can have, and no other.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Progress } from '../../src/core/dialect.ts';
import { errorTable } from '../../src/core/error-table.ts';
import { CallError } from '../../src/core/errors.ts';
import { accessLine } from '../../src/telemetry/access-log.ts';
import { testCall } from '../../src/testing/test-call.ts';

const guide = join(import.meta.dirname, '../../docs/guides/read-the-log.md');
const text = readFileSync(guide, 'utf8');
const [fields = '', more = ''] = text.split('| In |');
const [places = '', phases = ''] = more.split('| Phase |');

/** The names in the first column of a table. */
function namesIn(table: string): string[] {
  const rows = [...table.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell = '']) => cell);
  return rows.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
}

/** A line that has every field. */
function fullestLine(): Record<string, unknown> {
  const call = testCall({ caller: { name: 'ui', tenant: 'ui', priority: 'interactive' } });
  const instants = ['routedAt', 'receivedAt', 'admittedAt', 'acquiredAt', 'connectedAt'];
  instants.push('securedAt', 'firstWriteAt', 'sentAt', 'firstByteAt', 'lastByteAt', 'endedAt');
  for (const [at, name] of instants.entries()) {
    Object.assign(call.timeline, { [name]: (at + 1) * 10 });
  }
  Object.assign(call.timeline, { backoffMs: 5, twinOf: 'other' });
  const known = { model: 'm', inputTokens: 1, outputTokens: 1, errorType: 'e' };
  const marks = { lenientEnd: true, tokensEstimated: true };
  call.timeline.progress = Object.assign(new Progress(), known, marks);
  return JSON.parse(accessLine(call, new CallError('STREAM_CUT'), 0)) as Record<string, unknown>;
}

describe('the guide to the log', () => {
  it('names every field of a line', () => {
    const { ms: _phases, ...line } = fullestLine();
    assert.deepEqual(namesIn(fields).toSorted(), Object.keys(line).toSorted());
  });

  it('names every place in a call where it can fail', () => {
    const all = Object.values(errorTable).map(({ phase }) => phase);
    assert.deepEqual(namesIn(places).toSorted(), [...new Set(all)].toSorted());
  });

  it('names every phase', () => {
    const { ms } = fullestLine();
    assert.deepEqual(namesIn(phases).toSorted(), Object.keys(ms as object).toSorted());
  });

  it('shows a line as it is', () => {
    const shown = JSON.parse(/^```json\n(.*)\n```$/m.exec(text)?.[1] ?? '') as object;
    const usual = Object.keys(fullestLine());
    assert.deepEqual(
      Object.keys(shown).filter((name) => !usual.includes(name)),
      [],
    );
  });
});
