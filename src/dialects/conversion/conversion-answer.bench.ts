// What converting an answer costs, in microseconds per event of the upstream, for each pair of
// formats: text deltas, in large reads and one by one, and the reading and writing alone.
// Run: node src/dialects/conversion/conversion-answer.bench.ts. Prints a table; judges nothing.

import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import { textStreams } from '../samples.ts';
import { streamDecoder } from './answer-decoders.ts';
import { answerEncoder } from './answer-encoders.ts';
import type { AnswerEncoder, AnswerListener, ModelDialect } from './answer-events.ts';
import { asked, modelDialects } from './answers.fixture.ts';

const EVENTS = 20_000;
const READ_BYTES = 65_536;
const ROUNDS = 15;

const deps = { newId: (prefix: string): string => `${prefix}1`, wallNow: () => 0 };

function readsOf(from: ModelDialect, large: boolean): Buffer[] {
  const { head, delta } = textStreams[from];
  if (!large) {
    const event = Buffer.from(delta);
    return [Buffer.from(head), ...Array.from({ length: EVENTS }, () => event)];
  }
  const all = Buffer.from(head + delta.repeat(EVENTS));
  const reads: Buffer[] = [];
  for (let at = 0; at < all.length; at += READ_BYTES) reads.push(all.subarray(at, at + READ_BYTES));
  return reads;
}

/** The best of several timings in microseconds per event: others share the machine. */
function timed(run: () => void): string {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return ((best * 1000) / EVENTS).toFixed(2).padStart(8);
}

function decode(from: ModelDialect, reads: readonly Buffer[], listener: AnswerListener): void {
  const decoder = streamDecoder(from, listener);
  for (const read of reads) decoder.push(read);
}

function benchPair(from: ModelDialect, to: ModelDialect): string {
  const columns = [true, false].map((large) => {
    const reads = readsOf(from, large);
    return timed(() => {
      const encoder = answerEncoder(to, asked(), deps);
      let chars = 0;
      decode(from, reads, (event) => (chars += encoder.write(event).length));
      if (chars < EVENTS * 20) throw new Error('nothing was written');
    });
  });
  return `${from.padEnd(17)} ${to.padEnd(17)} ${columns.join(' ')}`;
}

function benchParts(format: ModelDialect): string {
  const reads = readsOf(format, true);
  const reading = timed(() => decode(format, reads, () => {}));
  const writing = timed(() => {
    const encoder: AnswerEncoder = answerEncoder(format, asked(), deps);
    encoder.write({ type: 'start', id: 'x', model: 'm' });
    for (let count = 0; count < EVENTS; count += 1) {
      encoder.write({ type: 'text', key: '0', delta: ' word' });
    }
  });
  return `${format.padEnd(17)} ${reading} ${writing}`;
}

console.log('from              to                  64 KB  a read');
for (const from of modelDialects) for (const to of modelDialects) console.log(benchPair(from, to));
console.log('\nformat               read    write');
for (const format of modelDialects) console.log(benchParts(format));
