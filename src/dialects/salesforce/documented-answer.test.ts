import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { AnswerEvent, Usage } from '../conversion/answer-events.ts';
import { documentedAnswer } from './documented-answer.ts';
import type { DocumentedContext } from './documented-answer.ts';
import { embeddingsAnswer, embeddingsRequest } from './documented-embeddings.ts';
import { isRequestProblem } from './request-problem.ts';
import { textPieces } from './text-pieces.ts';

const context: DocumentedContext = {
  id: 'msg_1',
  model: 'claude',
  stop: [],
  estimatedInputTokens: 77,
  streamed: false,
  toxicRefuses: false,
};

const openAiCounts = {
  prompt_tokens: 20,
  completion_tokens: 5,
  total_tokens: 25,
  prompt_tokens_details: { cached_tokens: 8 },
};

function chat(content: unknown, usage: unknown = openAiCounts, finish: string = 'stop'): string {
  const toxic = { scanToxicity: { isDetected: true, categories: [] } };
  const parameters = { finish_reason: finish };
  const generation = { id: 'g1', role: 'assistant', content, contentQuality: toxic, parameters };
  const generations = [generation];
  return JSON.stringify({
    id: 'x1',
    generationDetails: { generations, parameters: { model: 'm', usage } },
  });
}

function read(body: string, more: Partial<DocumentedContext> = {}): AnswerEvent[] {
  return documentedAnswer(body, { ...context, ...more });
}

function found<T extends AnswerEvent['type']>(
  events: readonly AnswerEvent[],
  type: T,
): Extract<AnswerEvent, { type: T }> | undefined {
  return events.find((event): event is Extract<AnswerEvent, { type: T }> => event.type === type);
}

function textOf(events: readonly AnswerEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.delta : '')).join('');
}

describe('an answer of the documented surface', () => {
  it('is a whole row of events', () => {
    deepEqual(read(chat('Hello')), [
      { type: 'start', id: 'msg_1', model: 'claude' },
      { type: 'text', key: 'text', delta: 'Hello' },
      {
        type: 'usage',
        usage: { input: 12, output: 5, cacheRead: 8, cacheWrite: -1, reasoning: -1 },
        estimated: false,
      },
      { type: 'finish', reason: 'stop', stopSequence: undefined },
      { type: 'end' },
    ]);
  });

  it('is read in the form of generations, too', () => {
    const body = JSON.stringify({
      id: 'chatcmpl-7',
      generation: { generatedText: 'Hi', parameters: { finish_reason: 'length', index: 0 } },
      moreGenerations: null,
      prompt: 'x',
      parameters: { usage: openAiCounts },
    });
    const answer = read(body);
    equal(textOf(answer), 'Hi');
    equal(found(answer, 'finish')?.reason, 'length');
    equal(found(answer, 'usage')?.usage.output, 5);
  });

  it('is read in snake case and in parts', () => {
    const generation = { content: [{ type: 'text', text: 'a' }, { text: 'b' }] };
    equal(
      textOf(read(JSON.stringify({ generation_details: { generations: [generation] } }))),
      'ab',
    );
  });

  it('may be empty, but not missing', () => {
    const empty = read(chat(''));
    deepEqual(
      empty.map((event) => event.type),
      ['start', 'usage', 'finish', 'end'],
    );
    for (const body of ['', '{}', '[]', '{"generationDetails":{"generations":[]}}', '<html>']) {
      const events = read(body);
      deepEqual(
        events.map((event) => (event.type === 'error' ? event.error.class : event.type)),
        ['server'],
        body,
      );
    }
  });

  it('is an error when it says one under a status of success', () => {
    deepEqual(read('{"errorCode":"X","message":"busy","messageCode":"E1"}'), [
      { type: 'error', error: { class: 'overloaded', message: 'busy', status: 503 } },
    ]);
  });

  it('ends for the reason that the provider gave, in the words of any of them', () => {
    const reasons = {
      stop: 'stop',
      end_turn: 'stop',
      STOP: 'stop',
      length: 'length',
      max_tokens: 'length',
      MAX_TOKENS: 'length',
      content_filter: 'refusal',
      SAFETY: 'refusal',
      model_context_window_exceeded: 'context-window',
      '': 'stop',
      unheard_of: 'stop',
    };
    for (const [said, reason] of Object.entries(reasons)) {
      equal(found(read(chat('x', {}, said)), 'finish')?.reason, reason, said);
    }
  });

  it('counts as refused for toxicity only where that is asked for', () => {
    equal(found(read(chat('x')), 'finish')?.reason, 'stop');
    const refused = read(chat('x'), { toxicRefuses: true });
    equal(found(refused, 'finish')?.reason, 'refusal');
    equal(textOf(refused), 'x');
    for (const detected of [true, false]) {
      const generation = {
        content: 'x',
        content_quality: { scan_toxicity: { is_detected: detected } },
      };
      const body = JSON.stringify({ generation_details: { generations: [generation] } });
      const { reason } = found(read(body, { toxicRefuses: true }), 'finish') ?? {};
      equal(reason, detected ? 'refusal' : 'stop');
    }
  });

  it('is cut before the first stop sequence', () => {
    const stop = ['', 'END', 'stop', 'o E'];
    const answer = read(chat('go on, no END here, stop'), { stop });
    equal(textOf(answer), 'go on, n');
    deepEqual(found(answer, 'finish'), {
      type: 'finish',
      reason: 'stop-sequence',
      stopSequence: 'o E',
    });
    equal(textOf(read(chat('END'), { stop })), '');
    equal(found(read(chat('all'), { stop }), 'finish')?.reason, 'stop');
  });

  it('names the stop sequence that was listed first when two begin at one place', () => {
    const answer = read(chat('a END.'), { stop: ['END', 'END.'] });
    equal(found(answer, 'finish')?.stopSequence, 'END');
  });

  it('comes in pieces when a stream is emulated', () => {
    const text = 'word '.repeat(100);
    const answer = read(chat(text), { streamed: true });
    ok(answer.length > 8);
    equal(textOf(answer), text);
  });
});

describe('token counts of the documented surface', () => {
  const none: Usage = { input: -1, output: -1, cacheRead: -1, cacheWrite: -1, reasoning: -1 };
  const cases: readonly [string, unknown, Usage][] = [
    [
      'OpenAI',
      {
        ...openAiCounts,
        completion_tokens_details: { reasoning_tokens: 3 },
      },
      { input: 12, output: 5, cacheRead: 8, cacheWrite: -1, reasoning: 3 },
    ],
    [
      'Bedrock',
      {
        inputTokenCount: 8,
        outputTokenCount: 2,
        totalTokenCount: 10,
        cacheReadInputTokenCount: 100,
        cacheWriteInputTokenCount: 7,
      },
      { input: 8, output: 2, cacheRead: 100, cacheWrite: 7, reasoning: -1 },
    ],
    [
      'Gemini',
      {
        promptTokenCount: 30,
        candidatesTokenCount: 4,
        totalTokenCount: 40,
        cachedContentTokenCount: 10,
        thoughtsTokenCount: 6,
      },
      { input: 20, output: 10, cacheRead: 10, cacheWrite: -1, reasoning: 6 },
    ],
    [
      'Anthropic',
      { input_tokens: 5, output_tokens: 6, cache_read_input_tokens: 7 },
      { input: 5, output: 6, cacheRead: 7, cacheWrite: -1, reasoning: -1 },
    ],
    [
      'Responses',
      { input_tokens: 5, output_tokens: 6, input_tokens_details: { cached_tokens: 2 } },
      { input: 3, output: 6, cacheRead: 2, cacheWrite: -1, reasoning: -1 },
    ],
    ['one who tells one side only', { inputTokenCount: 4 }, { ...none, input: 4 }],
    ['one who tells nothing but zero', { outputTokenCount: 0 }, { ...none, output: 0 }],
    [
      'Gemini, in snake case and with zeros',
      { prompt_token_count: 0, candidates_token_count: 0, thoughts_token_count: 2 },
      { ...none, input: 0, output: 2, reasoning: 2 },
    ],
  ];
  for (const [name, usage, expected] of cases) {
    it(`are read in the words of ${name}`, () => {
      const answer = read(chat('x', usage));
      deepEqual(found(answer, 'usage')?.usage, expected);
      equal(found(answer, 'usage')?.estimated, false);
    });
  }

  it('are estimated and marked where nobody counted', () => {
    for (const usage of [{}, null, 'x', { tokens: 3 }, { prompt_tokens: '9' }]) {
      const answer = read(chat('123456789', usage));
      deepEqual(found(answer, 'usage')?.usage, { ...none, input: 77, output: 3 });
      equal(found(answer, 'usage')?.estimated, true);
    }
  });
});

describe('pieces of a text', () => {
  it('end behind a space or a line', () => {
    const line = `${'word '.repeat(15)}wor\n`;
    const pieces = textPieces(line.repeat(5));
    ok(pieces.length > 3);
    for (const piece of pieces) match(piece, /[ \n]$/);
    match(pieces[0] ?? '', /\n$/);
  });

  it('are none for an empty text, and one for a short one', () => {
    deepEqual(textPieces(''), []);
    deepEqual(textPieces('a b'), ['a b']);
    deepEqual(textPieces('ab '.repeat(66)).length, 1);
  });

  it('join to the text, are of a bearable size and cut no character', () => {
    // The last two begin and end with the outermost surrogates.
    const unit = fc.constantFrom('a', ' ', '\n', '😀', 'é', '字', '\u{10000}', '\u{10ffff}');
    const text = fc.oneof(
      fc.string({ unit, maxLength: 1_500 }),
      fc.nat(900).map((count) => '😀'.repeat(count)),
      fc.nat(900).map((count) => `a${'😀'.repeat(count)}`),
      fc.nat(900).map((count) => `a${'\u{10ffff}'.repeat(count)}`),
      fc.nat(900).map((count) => `a${'\u{10000}'.repeat(count)}`),
    );
    fc.assert(
      fc.property(text, (whole) => {
        const pieces = textPieces(whole);
        equal(pieces.join(''), whole);
        for (const piece of pieces) {
          ok(piece.isWellFormed(), 'cut inside a surrogate pair');
          ok(piece.length <= 200 && (piece.length >= 20 || pieces.length === 1), `${piece.length}`);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('embeddings on the documented surface', () => {
  const body = (input: unknown, more: object = {}): string =>
    JSON.stringify({ model: 'text-embedding-3-small', input, ...more });

  function ask(text: string): Exclude<ReturnType<typeof embeddingsRequest>, { status: 400 }> {
    const request = embeddingsRequest(text, 'm', 'drop');
    ok(!isRequestProblem(request), JSON.stringify(request));
    return request;
  }

  it('are asked for as a list of texts', () => {
    const request = ask(body('hello', { user: 'u', dimensions: 8, encoding_format: 'base64' }));
    equal(request.path, '/einstein/platform/v1/models/m/embeddings');
    deepEqual(JSON.parse(request.body), { input: ['hello'] });
    deepEqual(request.dropped, ['dimensions', 'user']);
    deepEqual([request.packed, request.inputs, request.estimatedTokens], [true, 1, 2]);
    deepEqual(JSON.parse(ask(body(['a', 'b'])).body), { input: ['a', 'b'] });
  });

  it('are refused for what the surface does not take', () => {
    for (const text of ['', '[]', body([]), body([1, 2]), body([[1]]), body(''), body(undefined)]) {
      ok(isRequestProblem(embeddingsRequest(text, 'm')), text);
    }
    ok(isRequestProblem(embeddingsRequest(body('a', { dimensions: 8 }), 'm')));
  });

  const answer = JSON.stringify({
    embeddings: [
      { embedding: [0.5, -1], index: 1 },
      { embedding: [0.25, 2], index: 0 },
    ],
    parameters: { model: 'x', object: 'list', usage: { prompt_tokens: 3, total_tokens: 3 } },
  });

  it('come back in the form of OpenAI, in order', () => {
    const made = embeddingsAnswer(answer, 'small', {
      packed: false,
      inputs: 2,
      estimatedTokens: 9,
    });
    deepEqual(JSON.parse(made as string), {
      object: 'list',
      data: [
        { object: 'embedding', index: 0, embedding: [0.25, 2] },
        { object: 'embedding', index: 1, embedding: [0.5, -1] },
      ],
      model: 'small',
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
  });

  it('come back packed as float32 where that is asked for', () => {
    const made = embeddingsAnswer(answer, 'small', { packed: true, inputs: 2, estimatedTokens: 9 });
    const [first] = (JSON.parse(made as string) as { data: { embedding: string }[] }).data;
    const bytes = Buffer.from(first?.embedding ?? '', 'base64');
    deepEqual([bytes.length, bytes.readFloatLE(0), bytes.readFloatLE(4)], [8, 0.25, 2]);
  });

  it('are counted by estimate where the answer does not count', () => {
    for (const parameters of [{}, { usage: { completion_tokens: 1 } }]) {
      const row = { embedding: [1], index: 0 };
      const text = JSON.stringify({ embeddings: [row], parameters });
      const made = embeddingsAnswer(text, 'm', { packed: false, inputs: 1, estimatedTokens: 9 });
      deepEqual((JSON.parse(made as string) as { usage: unknown }).usage, {
        prompt_tokens: 9,
        total_tokens: 9,
      });
    }
  });

  it('are an error when any is missing', () => {
    const request = { packed: false, inputs: 3, estimatedTokens: 9 };
    const oneEmpty = '{"embeddings":[{"embedding":[1]},{"embedding":[]},{"embedding":[1]}]}';
    for (const text of [answer, '{}', '', oneEmpty]) {
      const made = embeddingsAnswer(text, 'small', request);
      equal(typeof made === 'string' ? made : made.class, 'server', text);
    }
    const busy = embeddingsAnswer('{"errorCode":"X","message":"busy"}', 'small', request);
    equal(typeof busy === 'string' ? busy : busy.class, 'overloaded');
  });
});
