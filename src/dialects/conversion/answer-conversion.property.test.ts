// Any answer, through any format, in any pieces: what comes out is what went in, as far as the
// format can say it, and what was cut stays cut.

import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AnswerEvent, FinishReason } from './answer-events.ts';
import { documented, encoded, modelDialects, normal, streamed } from './answers.fixture.ts';

const reasons: readonly FinishReason[] = [
  'stop',
  'stop-sequence',
  'length',
  'context-window',
  'tool-calls',
  'refusal',
  'pause',
];

/** A text cut anywhere, also inside of characters. */
function pieces(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].toSorted((a, b) => a - b);
  return [...places, text.length].map((to, at) => text.slice(places[at - 1] ?? 0, to));
}

const cuts = fc.array(fc.nat(60), { maxLength: 5 });
const words = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('data: [DONE]\n\n', '\u2028"\\', '😀😀', '\r\n\r\n', 'é'),
);

type Draft = (key: string) => AnswerEvent[];

const text: fc.Arbitrary<Draft> = fc.tuple(words, cuts).map(
  ([whole, at]) =>
    (key) =>
      pieces(whole, at).map((delta) => ({ type: 'text', key, delta })),
);

const reasoning: fc.Arbitrary<Draft> = fc
  .tuple(words, cuts, fc.option(fc.constant('c2ln'), { nil: undefined }))
  .map(([whole, at, signature]) => (key) => [
    ...pieces(whole, at).map(
      (delta) => ({ type: 'reasoning', key, delta, signature: undefined }) as const,
    ),
    ...(signature === undefined ? [] : [{ type: 'reasoning', key, delta: '', signature } as const]),
  ]);

const call: fc.Arbitrary<Draft> = fc
  .tuple(fc.option(fc.object({ maxDepth: 2 }), { nil: undefined }), cuts, fc.nat(99))
  .map(([input, at, number]) => (key) => [
    { type: 'tool-start', key, id: `call_${key}.${number}`, name: `f${number}` },
    ...pieces(input === undefined ? '' : JSON.stringify(input), at).map(
      (delta) => ({ type: 'tool-arguments', key, delta }) as const,
    ),
    { type: 'tool-end', key },
  ]);

const count = fc.integer({ min: 0, max: 1_000_000 });
const usage = fc
  .record({ input: count, output: count, cacheRead: count, cacheWrite: count, reasoning: count })
  .map((counts): AnswerEvent => ({ type: 'usage', usage: counts }));

/** Events of several blocks; `order` says from which block the next one comes. */
function interleaved(blocks: readonly AnswerEvent[][], order: readonly number[]): AnswerEvent[] {
  const left = blocks.map((block) => [...block]);
  const merged: AnswerEvent[] = [];
  for (const pick of order) {
    const open = left.filter((block) => block.length > 0);
    const event = open[pick % Math.max(1, open.length)]?.shift();
    if (event !== undefined) merged.push(event);
  }
  return [...merged, ...left.flat()];
}

/** Any answer: prose alone in a row, calls and prose interleaved. */
const answers: fc.Arbitrary<AnswerEvent[]> = fc
  .tuple(
    fc.array(fc.oneof(text, reasoning, call), { maxLength: 5 }),
    fc.array(fc.nat(4), { maxLength: 40 }),
    usage,
    fc.constantFrom(...reasons),
    fc.boolean(),
  )
  .map(([drafts, order, counts, reason, pings]) => {
    const blocks = drafts.map((draft, place) => draft(`k${place}`));
    const content = interleaved(blocks, order);
    const stopSequence = reason === 'stop-sequence' ? 'END' : undefined;
    return [
      { type: 'start', id: 'any-1', model: 'upstream-model' },
      ...(pings ? ([{ type: 'ping' }] as const) : []),
      ...content,
      { type: 'finish', reason, stopSequence },
      counts,
      { type: 'end' },
    ];
  });

const places = fc.array(fc.nat(4000), { maxLength: 6 });

function cutsIn(bytes: Uint8Array, at: readonly number[]): number[] {
  return at.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b);
}

for (const dialect of modelDialects) {
  describe(`any answer as ${dialect}`, () => {
    it('says the same after a stream', () => {
      fc.assert(
        fc.property(answers, places, (events, at) => {
          const bytes = Buffer.from(encoded(dialect, events));
          const back = streamed(dialect, bytes, cutsIn(bytes, at));
          deepEqual(normal(dialect, back), normal(dialect, events));
        }),
        { numRuns: 300 },
      );
    });

    it('says the same after a document', () => {
      const flat = dialect === 'openai-chat';
      fc.assert(
        fc.property(answers, places, (events, at) => {
          const bytes = Buffer.from(encoded(dialect, events, { stream: false }));
          const back = documented(dialect, bytes, cutsIn(bytes, at));
          deepEqual(normal(dialect, back, flat), normal(dialect, events, flat));
        }),
        { numRuns: 300 },
      );
    });

    it('says the same after a second format', () => {
      for (const other of modelDialects) {
        fc.assert(
          fc.property(answers, (events) => {
            const first = streamed(dialect, encoded(dialect, events));
            const second = streamed(other, encoded(other, first));
            const expected = normal(other, streamed(other, encoded(other, events)));
            const got = normal(other, second);
            // A format that knows fewer reasons and no signatures cannot give them to the next.
            const told = (answer: typeof got): unknown => ({
              ...answer,
              finish: normal(dialect, [
                { type: 'finish', reason: answer.finish ?? 'stop', stopSequence: undefined },
              ]).finish,
              blocks: mergedProse(answer.blocks),
            });
            deepEqual(told(got), told(expected));
          }),
        );
      }
    });

    it('has no end when it was cut at any event', () => {
      fc.assert(
        fc.property(answers, (events) => {
          for (let length = 0; length < events.length; length += 1) {
            const cut = events.slice(0, length);
            notEqual(streamed(dialect, encoded(dialect, cut)).at(-1)?.type, 'end');
            equal(encoded(dialect, cut, { stream: false }), '');
          }
        }),
        { numRuns: 40 },
      );
    });

    it('has no end when its bytes were cut before the closing event', () => {
      const closings = {
        anthropic: 'event: message_stop',
        'openai-chat': /data: [^\n]*"finish_reason":"/,
        'openai-responses': /event: response\.(completed|incomplete)/,
      };
      fc.assert(
        fc.property(answers, (events) => {
          const whole = encoded(dialect, events);
          const closing = whole.search(closings[dialect]);
          const behind = whole.indexOf('\n\n', closing) + 2;
          for (let length = 0; length < behind; length += 7) {
            const back = streamed(dialect, whole.slice(0, Math.min(length, behind - 1)));
            notEqual(back.at(-1)?.type, 'end');
          }
        }),
        { numRuns: 25 },
      );
    });
  });
}

describe('any JSON from an upstream', () => {
  const names = [
    ...['type', 'message', 'delta', 'index', 'usage', 'content', 'content_block', 'input', 'text'],
    ...['choices', 'tool_calls', 'function', 'arguments', 'finish_reason', 'id', 'name', 'error'],
    ...['item', 'response', 'output', 'output_index', 'part', 'summary', 'status', 'code'],
  ];
  const types = [
    ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop'],
    ...['message_delta', 'message_stop', 'text', 'tool_use', 'text_delta', 'input_json_delta'],
    ...['response.created', 'response.output_item.added', 'response.output_item.done', 'message'],
    ...['response.output_text.delta', 'response.completed', 'response.failed', 'function_call'],
    ...['custom_tool_call', 'reasoning', 'error', 'completed', 'stop', 'output_text'],
  ];
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom(...types, '', null, 0, 1, -1, true),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 6 }),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  }));
  const bodies = fc.array(fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 8 }), {
    maxLength: 6,
  });

  it('is told in order or as an error, and can be written, without a throw', () => {
    const content = '(?:(?:text|reasoning|tool-\\w+|usage|ping) )*';
    const closing = '(?:finish (?:(?:usage|ping) )*)?';
    const order = new RegExp(`^(?:ping )*(?:start ${content}${closing})?(?:end |error )?$`);
    fc.assert(
      fc.property(bodies, (values) => {
        for (const dialect of modelDialects) {
          const stream = values.map((body) => `data: ${JSON.stringify(body)}\n\n`).join('');
          const told = [
            streamed(dialect, `${stream}data: [DONE]\n\n`),
            documented(dialect, JSON.stringify(values[0] ?? {})),
          ];
          for (const events of told) {
            ok(order.test(events.map(({ type }) => `${type} `).join('')), JSON.stringify(events));
            for (const other of modelDialects) {
              encoded(other, events);
              encoded(other, events, { stream: false });
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Neighbours of a kind as one, without signatures. */
function mergedProse(blocks: ReturnType<typeof normal>['blocks']): unknown[] {
  const merged: { kind: string; text: string }[] = [];
  for (const block of blocks) {
    const last = merged.at(-1);
    if (block.kind === 'reasoning' && block.text === '') continue;
    if (last !== undefined && block.kind !== 'tool' && last.kind === block.kind) {
      last.text += block.text;
    } else merged.push({ ...block, ...(block.kind === 'tool' ? {} : { signature: undefined }) });
  }
  return merged;
}
