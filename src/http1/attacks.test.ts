// Every known attack gets its one answer, fed whole and byte by byte, and nothing hidden behind a
// refused message is ever read as a further one.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Attack } from './framing-attacks.fixture.ts';
import { chunkAttacks, framingAttacks } from './framing-attacks.fixture.ts';
import { headAttacks, responseAttacks } from './head-attacks.fixture.ts';
import type { CodecReading } from './message-reader.fixture.ts';
import { readWithCodec } from './message-reader.fixture.ts';

function assertOutcome(attack: Attack, reading: CodecReading, how: string): void {
  const lines = reading.messages.map((message) => message.startLine);
  if (typeof attack.outcome === 'string') {
    assert.equal(reading.failure, attack.outcome, `${how}: ${JSON.stringify(reading.messages)}`);
    assert.deepEqual(lines, [], how);
  } else {
    assert.equal(reading.failure, undefined, how);
    assert.deepEqual(lines, attack.outcome, how);
  }
}

function tryAll(attacks: readonly Attack[], requestMethod: string | undefined): void {
  for (const attack of attacks) {
    test(attack.name, () => {
      const whole = Buffer.from(attack.text, 'latin1');
      assertOutcome(attack, readWithCodec([whole], requestMethod), 'whole');
      const bytes = attack.text.split('').map((byte) => Buffer.from(byte, 'latin1'));
      assertOutcome(attack, readWithCodec(bytes, requestMethod), 'byte by byte');
    });
  }
}

describe('attacks on the end of a request body', () => tryAll(framingAttacks, undefined));
describe('attacks on chunked framing', () => tryAll(chunkAttacks, undefined));
describe('attacks on request heads', () => tryAll(headAttacks, undefined));
describe('attacks by responses', () => tryAll(responseAttacks, 'GET'));

test('no two attacks of a table share a name', () => {
  for (const table of [framingAttacks, chunkAttacks, headAttacks, responseAttacks]) {
    assert.equal(new Set(table.map((attack) => attack.name)).size, table.length);
  }
});
