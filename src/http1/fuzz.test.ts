// Differential fuzzing against Node's own parser, in both directions and at random splits.
// HOLDFAST_FUZZ_RUNS sets the number of cases per direction, HOLDFAST_FUZZ_SEED the first seed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cut, damage, Dice, makeBabble, makeMessage } from './fuzz.fixture.ts';
import type { Reading, ReadMessage } from './llhttp.fixture.ts';
import { llhttpMethods, readWithLlhttp } from './llhttp.fixture.ts';
import { readWithCodec } from './message-reader.fixture.ts';

const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 12_000);
const FIRST_SEED = Number(process.env['HOLDFAST_FUZZ_SEED'] ?? 1);

/** llhttp keeps the target as it came; ours is reduced to a path (RFC 9112 3.2.2). */
function reducedStartLine(startLine: string): string {
  const match = /^(\S+) https?:\/\/[^/?]*(\S*) (1\.[01])$/i.exec(startLine);
  if (match === null) return startLine;
  const [, method = '', rest = '', minor = ''] = match;
  const empty = method === 'OPTIONS' ? '*' : '/';
  const path = rest.startsWith('/') ? rest : rest === '' ? empty : `/${rest}`;
  return `${method} ${path} ${minor}`;
}

/** The one place where we accept more: any token is a method, llhttp knows a list. */
function isUnknownMethod(message: ReadMessage): boolean {
  return !llhttpMethods.has(message.startLine.slice(0, message.startLine.indexOf(' ')));
}

/**
 * Places where we judge the life of a connection otherwise, always towards closing it, or towards
 * ignoring Proxy-Connection, which llhttp takes for Connection.
 */
function judgesPersistenceApart(message: ReadMessage): boolean {
  const lower = message.fields.map((text) => text.toLowerCase());
  if (lower.some((text, place) => place % 2 === 0 && text === 'proxy-connection')) return true;
  if (message.keepAlive) return false;
  // Never reused after a switch, or after a 204 that announces a body it must not have.
  if (/^(101|204) /.test(message.startLine)) return true;
  // RFC 9112 9.3: close wins over keep-alive, also in HTTP/1.0, which cannot upgrade either.
  return message.startLine.endsWith(' 1.0') && /\b(close|upgrade)\b/.test(lower.join());
}

function assertAgrees(
  ours: Reading,
  theirs: Reading,
  requestMethod: string | undefined,
  where: string,
): void {
  for (const [index, message] of ours.messages.entries()) {
    if (requestMethod === undefined && isUnknownMethod(message)) return;
    const other = theirs.messages[index];
    assert.ok(other, `accepted what llhttp refused (${theirs.failure}) ${where}`);
    const comparable = { ...other, startLine: reducedStartLine(other.startLine) };
    const apart = judgesPersistenceApart(message);
    // llhttp decides on persistence before it is told that an answer to HEAD has no body.
    if (apart || requestMethod === 'HEAD') comparable.keepAlive = message.keepAlive;
    assert.deepEqual(message, comparable, where);
    if (apart) return;
  }
}

function makeCase(dice: Dice, side: 'request' | 'response'): string {
  if (dice.chance(25)) return makeBabble(dice, side);
  let text = makeMessage(dice, side);
  if (dice.chance(40)) text += makeMessage(dice, side);
  return dice.chance(85) ? damage(dice, text) : text;
}

function fuzz(side: 'request' | 'response'): { accepted: number; refused: number } {
  const counts = { accepted: 0, refused: 0 };
  for (let run = 0; run < RUNS; run += 1) {
    const seed = FIRST_SEED + run;
    const dice = new Dice(seed * 2 + (side === 'request' ? 0 : 1));
    const text = makeCase(dice, side);
    const requestMethod = side === 'request' ? undefined : dice.pick(['GET', 'POST', 'HEAD']);
    const where = `seed ${seed}: ${side} ${requestMethod ?? ''} ${JSON.stringify(text)}`;
    const whole = [Buffer.from(text, 'latin1')];
    const ours = readWithCodec(whole, requestMethod);
    assertAgrees(ours, readWithLlhttp(whole, requestMethod), requestMethod, where);
    const split = readWithCodec(cut(dice, text, 6), requestMethod);
    assert.deepEqual(split.messages, ours.messages, `split differs, ${where}`);
    assert.equal(split.failure === undefined, ours.failure === undefined, `split, ${where}`);
    counts.accepted += ours.messages.length > 0 ? 1 : 0;
    counts.refused += ours.fault === undefined ? 0 : 1;
  }
  return counts;
}

for (const side of ['request', 'response'] as const) {
  test(`every ${side} that the codec accepts means the same to llhttp, at any split`, (context) => {
    const { accepted, refused } = fuzz(side);
    context.diagnostic(`${RUNS} cases: ${accepted} with a message, ${refused} with a fault`);
    assert.ok(accepted > RUNS / 10 && refused > RUNS / 10, `${accepted} and ${refused} of ${RUNS}`);
  });
}
