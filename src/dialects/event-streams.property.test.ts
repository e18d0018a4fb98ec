// Random streams, valid and not, spelt and cut at random, read by the scanner and by a slow oracle.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EventOracle } from './event-oracle.fixture.ts';
import { anthropicEvents, chatChunk, chatEvents, responsesEvents, typedEvent } from './samples.ts';
import { bytesOf, lendCut, scannerOf, slots } from './scan.fixture.ts';

const words = fc.string({ unit: 'binary', maxLength: 40 });
const count = fc.nat({ max: 5000 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** JSON as servers print it: compact, with spaces, or over several data lines. */
const printed = (value: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.tuple(value, fc.constantFrom(0, 0, 0, 1, 2)).map(([json, style]) => {
    if (style === 0) return JSON.stringify(json);
    const spaced = JSON.stringify(json, null, 1);
    return style === 1 ? spaced.replaceAll(/\n */g, ' ') : spaced;
  });

const eventText = (name: string, data: string, nameLast: boolean): string => {
  const lines = data.split('\n').map((line) => `data: ${line}\n`);
  const named = name === '' ? '' : `event: ${name}\n`;
  return `${nameLast ? '' : named}${lines.join('')}${nameLast ? named : ''}\n`;
};

/** An event whose type and name agree, with its name before, behind or missing. */
const typed = (types: readonly string[], rest: fc.Arbitrary<object>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...types), rest, fc.constantFrom(0, 0, 0, 1, 2, 3))
    .chain(([type, members, style]) => {
      const body = style === 3 ? { ...members, type } : { type, ...members };
      const name = style === 0 || style === 1 ? type : '';
      return printed(fc.constant(body)).map((data) => eventText(name, data, style === 1));
    });

const anthropicUsage = fc.record(
  { input_tokens: count, output_tokens: count, cache_read_input_tokens: count },
  { requiredKeys: [] },
);

const anthropicEvent = fc.oneof(
  fc.constantFrom(...anthropicEvents),
  typed(
    ['message_start'],
    fc.record({ message: fc.record({ id: words, model: words, usage: anthropicUsage }) }),
  ),
  typed(
    ['message_delta'],
    fc.record({
      delta: fc.record({ stop_reason: fc.constantFrom(null, 'end_turn', 'max_tokens') }),
      usage: anthropicUsage,
    }),
  ),
  typed(
    ['content_block_delta', 'content_block_stop', 'message_stop', 'ping', 'brand_new_event'],
    fc.record({ index: count, delta: fc.record({ text: words }), usage: anthropicUsage }),
  ),
  typed(['error'], fc.record({ error: fc.record({ type: words, message: words }) })),
);

const choice = fc.record(
  {
    index: fc.nat({ max: 2 }),
    delta: fc.record({ content: words, reasoning_content: maybe(words) }),
    finish_reason: fc.constantFrom(null, null, null, 'stop'),
  },
  { requiredKeys: ['delta'] },
);

const chatUsage = fc.record(
  {
    prompt_tokens: count,
    completion_tokens: count,
    prompt_tokens_details: fc.record({ cached_tokens: count }),
  },
  { requiredKeys: [] },
);

const chatData = fc.record(
  {
    id: fc.constantFrom('a', 'b'),
    model: fc.constantFrom('m', 'n'),
    choices: fc.array(choice, { maxLength: 2 }),
    usage: fc.constantFrom(null, undefined),
    obfuscation: words,
  },
  { requiredKeys: ['choices'] },
);

const chatEvent = fc.oneof(
  fc.constantFrom(...chatEvents),
  words.map((text) => chatChunk({ content: text }, null)),
  fc.tuple(words, fc.nat({ max: 2 })).map(([text, at]) => chatChunk({ content: text }, null, at)),
  printed(chatData).map((data) => eventText('', data, false)),
  printed(fc.record({ choices: fc.constant([]), usage: chatUsage })).map((data) =>
    eventText('', data, false),
  ),
  printed(fc.record({ error: fc.record({ type: words }) })).map((data) =>
    eventText('', data, false),
  ),
  fc.constantFrom('event: ping\ndata: {}\n\n', 'data: [DONE] \n\n', 'data: hello\n\n'),
  fc.constantFrom('event: error\ndata: {"message":"x"}\n\n', 'event: chunk\ndata: {}\n\n'),
);

const numbered = <T extends object>(rest: fc.Arbitrary<T>) =>
  fc
    .tuple(count, rest, fc.boolean())
    .map(([n, members, last]) =>
      last ? { ...members, sequence_number: n } : { sequence_number: n, ...members },
    );

const response = fc.record({
  id: words,
  model: words,
  usage: fc.option(
    fc.record(
      {
        input_tokens: count,
        output_tokens: count,
        input_tokens_details: fc.record({ cached_tokens: count }),
      },
      { requiredKeys: [] },
    ),
  ),
  error: fc.constantFrom(null, { code: 'rate_limit_exceeded', message: 'x' }),
});

const responsesEvent = fc.oneof(
  fc.constantFrom(...responsesEvents),
  typed(
    ['response.output_text.delta', 'response.output_item.done', 'response.unheard_of', 'keepalive'],
    numbered(fc.record({ delta: words, item: fc.record({ id: words, usage: count }) })),
  ),
  typed(
    ['response.created', 'response.completed', 'response.incomplete', 'response.failed'],
    numbered(fc.record({ response })),
  ),
  typed(['error'], numbered(fc.record({ code: words, message: words }))),
);

const genericEvent = fc
  .tuple(
    fc.constantFrom('', 'price', 'ping', 'heartbeat', 'error'),
    words.map((text) => text.replaceAll('\r', '\n')),
    fc.boolean(),
  )
  .map(([name, data, last]) => eventText(name, data, last));

/** Fields, comments and events that may stand anywhere between events. */
const filler = fc.constantFrom(
  ': hb\n',
  ': c\n\n',
  '\n',
  'id: 7\n',
  'retry: 10\n',
  'data\n',
  'data:\n',
  'event: ping\n\n',
  'datum: x\n',
  'events: y\n',
  `: ${'long comment '.repeat(20)}\n`,
  `event: ${'n'.repeat(150)}\ndata: x\n\n`,
  `x-field: ${'v'.repeat(200)}\n`,
);

const lineEnds = fc.constantFrom('\n', '\n', '\r\n', '\r');

/** Settles a CR at the very end, which may be half of a CRLF, and an event without blank line. */
const settledEnd = 'x: 1\n\n';

const dialects: [string, fc.Arbitrary<string>][] = [
  ['anthropic', anthropicEvent],
  ['openai-chat', chatEvent],
  ['openai-responses', responsesEvent],
  ['sse', genericEvent],
];

for (const [dialect, event] of dialects) {
  const part = fc.oneof({ weight: 5, arbitrary: event }, { weight: 1, arbitrary: filler });
  const parts = fc.array(part, { maxLength: 14 });
  /** One way to end lines for the whole stream, or one for each event. */
  const stream = fc
    .tuple(parts, fc.array(lineEnds, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([events, ends, mark]) => {
      const spelt = events.map((text, at) => text.replaceAll('\n', ends[at % ends.length] ?? ''));
      return (mark ? '\uFEFF' : '') + spelt.join('');
    });

  describe(`random ${dialect} streams`, () => {
    it('mean to the scanner what they mean to a full reading', () => {
      fc.assert(
        fc.property(stream, fc.array(fc.nat({ max: 4000 }), { maxLength: 12 }), (text, cuts) => {
          const full = text + settledEnd;
          const oracle = new EventOracle(dialect);
          oracle.read(full);
          const scanner = scannerOf(dialect, 'text/event-stream');
          lendCut(
            scanner,
            bytesOf(full),
            cuts.toSorted((a, b) => a - b),
          );
          assert.deepEqual(slots(scanner.progress), slots(oracle.progress));
          const whole = dialect === 'sse' ? oracle.sawEvent : oracle.progress.terminal;
          const complete = !oracle.progress.falseEnd && (whole || oracle.endedByError);
          assert.equal(scanner.finish() === undefined, complete, 'verdict');
        }),
        { numRuns: Number(process.env['RUNS'] ?? 1500) },
      );
    });

    it('mean the same after every byte, read at once or byte by byte', () => {
      fc.assert(
        fc.property(stream, (text) => {
          const bytes = bytesOf(text);
          const single = scannerOf(dialect, 'text/event-stream');
          for (let at = 0; at < bytes.length; at += 1) single.scan(bytes, at, at + 1);
          const whole = scannerOf(dialect, 'text/event-stream');
          whole.scan(bytes, 0, bytes.length);
          assert.deepEqual(slots(single.progress), slots(whole.progress));
          assert.equal(single.finish(), whole.finish());
        }),
        { numRuns: 500 },
      );
    });
  });
}

describe('huge events', () => {
  it('are read without being kept, whatever their size', () => {
    const long = 'word "quoted" \\ '.repeat(40_000);
    const usage = { input_tokens: 3, output_tokens: 4 };
    const completed = typedEvent({
      type: 'response.completed',
      sequence_number: 9,
      response: { id: 'r', output: [{ content: [{ text: long }] }], model: 'm', usage },
    });
    const bytes = bytesOf(completed);
    const scanner = scannerOf('openai-responses', 'text/event-stream');
    for (let at = 0; at < bytes.length; at += 65_536) {
      scanner.scan(bytes, at, Math.min(at + 65_536, bytes.length));
      assert.equal(scanner.progress.terminal, at + 65_536 >= bytes.length);
    }
    assert.equal(scanner.progress.outputTokens, 4);
    assert.equal(scanner.progress.sequence, 9);
    assert.equal(scanner.finish(), undefined);
  });
});
