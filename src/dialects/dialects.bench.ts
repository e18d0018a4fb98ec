// What reading a stream in passing costs, in ns per event and per byte, on the shapes that matter.
// Run: node src/dialects/dialects.bench.ts. Prints a table; judges nothing.

import { performance } from 'node:perf_hooks';
import type { Head } from '../core/sink.ts';
import { HeaderList } from '../core/header-list.ts';
import { dialectByName } from './dialects.ts';
import { leadOf, lineEnd, wordsOf } from './line-end.ts';
import { ModelScan } from './model-scan.ts';
import { chatChunk, chatEvents, responsesEvents, typedEvent } from './samples.ts';

const READ_BYTES = 65_536;

interface Shape {
  readonly name: string;
  readonly dialect: string;
  readonly contentType: string;
  readonly event: string;
  readonly eventsPerRead: number;
}

const delta = (text: string): string =>
  typedEvent({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });

const EVENTS = 'text/event-stream';
const bareChunk = (text: string): string => `data: ${JSON.stringify({ t: text })}\n\n`;
const compactChunk =
  'data: {"id":"c-1","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}\n\n';

const shapes: readonly Omit<Shape, 'eventsPerRead'>[] = [
  { name: 'Messages delta', dialect: 'anthropic', contentType: EVENTS, event: delta(' word') },
  {
    name: 'Messages long',
    dialect: 'anthropic',
    contentType: EVENTS,
    event: delta('x'.repeat(900)),
  },
  {
    name: 'Messages, CRLF',
    dialect: 'anthropic',
    contentType: EVENTS,
    event: delta(' word').replaceAll('\n', '\r\n'),
  },
  {
    name: 'Messages, no name',
    dialect: 'anthropic',
    contentType: EVENTS,
    event: delta(' word').replace(/^.*\n/, ''),
  },
  { name: 'Chat compact', dialect: 'openai-chat', contentType: EVENTS, event: compactChunk },
  {
    name: 'Chat as OpenAI',
    dialect: 'openai-chat',
    contentType: EVENTS,
    event: chatChunk({ content: ' word' }, null),
  },
  {
    name: 'Chat, read in full',
    dialect: 'openai-chat',
    contentType: EVENTS,
    event: chatEvents[8] ?? '',
  },
  {
    name: 'Responses delta',
    dialect: 'openai-responses',
    contentType: EVENTS,
    event: responsesEvents[4] ?? '',
  },
  {
    name: 'generic 100 bytes',
    dialect: 'sse',
    contentType: EVENTS,
    event: bareChunk('y'.repeat(84)),
  },
  {
    name: 'JSON lines',
    dialect: 'ndjson',
    contentType: 'application/x-ndjson',
    event: '{"model":"llama3.2","created_at":"2026-08-04T08:52:19.385406Z","response":"The"}\n',
  },
];

function headOf(contentType: string): Head {
  const headers = HeaderList.of([['content-type', contentType]]);
  return { status: 200, reason: 'OK', headers, framing: 'chunked', contentLength: -1 };
}

/** The best of `rounds` timings of `run`, in ns per unit: others share the machine. */
function timed(units: number, rounds: number, run: () => void): number {
  const timings: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    run();
    timings.push(((performance.now() - start) * 1e6) / units);
  }
  return Math.min(...timings);
}

const column = (value: number, width: number): string => String(value).padStart(width);
const inMicros = (nanos: number): string => (nanos / 1000).toFixed(1);

function benchShape(shape: Shape): void {
  const bytes = Buffer.alloc(READ_BYTES);
  const size = Buffer.byteLength(shape.event);
  let filled = 0;
  let count = 0;
  while (filled + size <= READ_BYTES && count < shape.eventsPerRead) {
    filled += bytes.write(shape.event, filled);
    count += 1;
  }
  const scanner = dialectByName(shape.dialect)?.scannerFor(headOf(shape.contentType), false);
  if (scanner === undefined) throw new Error(`no scanner for ${shape.name}`);
  const reads = Math.ceil(40_000 / count);
  const nanos = timed(count * reads, 40, () => {
    for (let read = 0; read < reads; read += 1) scanner.scan(bytes, 0, filled);
  });
  const name = shape.name.padEnd(22);
  const perByte = (nanos / size).toFixed(3).padStart(8);
  console.log(
    [name, column(count, 6), column(size, 6), nanos.toFixed(1).padStart(9), perByte].join(' '),
  );
}

function benchLineEnds(): void {
  const bytes = Buffer.alloc(READ_BYTES, delta(' word'));
  const words = wordsOf(bytes);
  const lead = leadOf(bytes);
  const lines = (READ_BYTES / delta(' word').length) * 3;
  const byWords = timed(lines * 200, 40, () => {
    for (let round = 0; round < 200; round += 1) {
      for (let at = 0; at < READ_BYTES; at += 1) at = lineEnd(bytes, at, READ_BYTES, words, lead);
    }
  });
  const byNative = timed(lines * 200, 40, () => {
    for (let round = 0; round < 200; round += 1) {
      for (let at = bytes.indexOf(10); at >= 0;) at = bytes.indexOf(10, at + 1);
    }
  });
  console.log(
    `line ends by words ${byWords.toFixed(1)} ns a line, by indexOf ${byNative.toFixed(1)}`,
  );
}

function benchModel(name: string, text: string): void {
  const bytes = Buffer.from(text);
  const nanos = timed(20, 40, () => {
    for (let round = 0; round < 20; round += 1) {
      const scan = new ModelScan();
      for (let at = 0; at < bytes.length; at += READ_BYTES) {
        if (scan.feed(bytes.subarray(at, at + READ_BYTES)) === 'done') break;
      }
      if (scan.model !== 'gpt-5') throw new Error('model not found');
    }
  });
  const parse = timed(20, 40, () => {
    for (let round = 0; round < 20; round += 1) JSON.parse(bytes.toString('utf8'));
  });
  const size = `${Math.round(bytes.length / 1024)} KB`;
  console.log(
    `model in ${name} (${size}): ${inMicros(nanos)} us; JSON.parse ${inMicros(parse)} us`,
  );
}

console.log('shape                   a read  bytes  ns/event  ns/byte');
for (const eventsPerRead of [100_000, 1]) {
  for (const shape of shapes) benchShape({ ...shape, eventsPerRead });
}
benchLineEnds();
const code = 'if (a === "b") {\n  return `x${"y"}`; // why\n}\n'.repeat(20);
const prose = 'The quick brown fox jumps over the lazy dog, and so on and so forth.\n'.repeat(14);
const turns = (text: string, count: number): unknown[] =>
  Array.from({ length: count }, () => ({ role: 'user', content: [{ type: 'text', text }] }));
benchModel('front', JSON.stringify({ model: 'gpt-5', messages: turns(prose, 200) }));
benchModel('prose, last', JSON.stringify({ messages: turns(prose, 200), model: 'gpt-5' }));
benchModel('code, last', JSON.stringify({ messages: turns(code, 200), model: 'gpt-5' }));
