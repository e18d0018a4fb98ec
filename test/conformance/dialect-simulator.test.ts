// The gateway's dialects against the simulator's answers: what one room says, the other must
// understand. Both were written from the same references by different hands, so this is the place
// where a misreading by either shows.

import { equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Scanner } from '../../src/core/dialect.ts';
import { HeaderList } from '../../src/core/header-list.ts';
import { seededRandom } from '../../src/core/random.ts';
import { dialectByName } from '../../src/dialects/dialects.ts';
import { planAnswer } from '../../src/simulator/answer-plan.ts';
import type { AnswerPlan } from '../../src/simulator/answer-plan.ts';

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const user = (content: string): object => ({ role: 'user', content });

/** One dialect with the request that a text becomes in it. */
interface Tongue {
  readonly dialect: string;
  readonly path: string;
  request(text: string): object;
}

const tongues: readonly Tongue[] = [
  {
    dialect: 'anthropic',
    path: '/v1/messages',
    request: (text) => ({
      max_tokens: 500,
      messages: [user(text)],
      thinking: { type: 'adaptive' },
      tools: [{ name: 'get_weather', input_schema: parameters }],
    }),
  },
  {
    dialect: 'openai-chat',
    path: '/v1/chat/completions',
    request: (text) => ({
      messages: [user(text)],
      stream_options: { include_usage: true },
      tools: [{ type: 'function', function: { name: 'get_weather', parameters } }],
    }),
  },
  {
    dialect: 'openai-responses',
    path: '/v1/responses',
    request: (text) => ({
      input: text,
      reasoning: { effort: 'low', summary: 'auto' },
      tools: [{ type: 'function', name: 'get_weather', parameters }],
    }),
  },
];

function planOf(tongue: Tongue, text: string, stream: boolean, seed = 1): AnswerPlan {
  const body = JSON.stringify({ model: 'sim-fast', stream, ...tongue.request(text) });
  const request = { method: 'POST', path: tongue.path, headers: HeaderList.empty, body };
  return planAnswer(request, seededRandom(seed));
}

function scannerOf(tongue: Tongue, plan: AnswerPlan): Scanner {
  const { status, headers, streamed } = plan;
  const scanner = dialectByName(tongue.dialect)?.scannerFor(
    {
      status,
      reason: '',
      headers: HeaderList.of(headers),
      framing: streamed ? 'chunked' : 'length',
      contentLength: -1,
    },
    false,
  );
  if (scanner === undefined) throw new Error(`${tongue.dialect} has no scanner for ${status}`);
  return scanner;
}

const bytesOf = (plan: AnswerPlan): Buffer =>
  Buffer.from(plan.steps.map((step) => step.bytes).join(''));

/** Feeds everything in pieces of the given size. */
function scanned(tongue: Tongue, plan: AnswerPlan, bytes: Buffer, size: number): Scanner {
  const scanner = scannerOf(tongue, plan);
  for (let at = 0; at < bytes.length; at += size) {
    scanner.scan(bytes, at, Math.min(at + size, bytes.length));
  }
  return scanner;
}

const texts = ['hello', '[[tokens=25]] [[think]]', '[[tools=2]]', '[[first=45s]] [[tokens=3]]'];

for (const tongue of tongues) {
  describe(`${tongue.dialect} and the simulator`, () => {
    it('agree that whole streams are whole, at any split', () => {
      for (const text of texts) {
        const plan = planOf(tongue, text, true);
        const bytes = bytesOf(plan);
        for (const size of [1, 2, 7, 61, bytes.length]) {
          const scanner = scanned(tongue, plan, bytes, size);
          equal(scanner.finish(), undefined, `${text} by ${size}`);
          ok(scanner.progress.terminal && scanner.progress.contentEvents > 0);
          equal(scanner.progress.errorType, undefined);
        }
      }
    });

    it('agree on how many tokens a stream had', () => {
      for (const text of texts) {
        const plan = planOf(tongue, text, true);
        const { progress } = scanned(tongue, plan, bytesOf(plan), 97);
        const all = bytesOf(plan).toString('utf8');
        const said = all.matchAll(/"(?:output|completion)_tokens":(\d+)/g);
        equal(progress.outputTokens, Number([...said].at(-1)?.[1]), text);
        const asked = all.matchAll(/"(?:input|prompt)_tokens":(\d+)/g);
        equal(progress.inputTokens, Number([...asked].at(-1)?.[1]), text);
      }
    });

    it('never agree to a stream that was cut, after whatever byte', () => {
      for (const text of ['[[tokens=6]] [[think]]', '[[tools=2]]']) {
        const plan = planOf(tongue, text, true);
        const bytes = bytesOf(plan);
        const clean: number[] = [];
        for (let cut = 0; cut < bytes.length; cut += 1) {
          const scanner = scannerOf(tongue, plan);
          if (cut > 0) scanner.scan(bytes, 0, cut);
          if (scanner.finish() === undefined) clean.push(bytes.length - cut);
        }
        equal(clean.length, 0, `clean with ${clean.join(', ')} bytes missing of ${bytes.length}`);
      }
    });

    it('agree that [[stop@N]] is no end and [[error@N]] an error', () => {
      const stopped = planOf(tongue, '[[stop@3]]', true);
      equal(scanned(tongue, stopped, bytesOf(stopped), 50).finish(), 'STREAM_TRUNCATED');
      const failed = planOf(tongue, '[[error@3]]', true);
      ok(scanned(tongue, failed, bytesOf(failed), 50).progress.errorType !== undefined);
    });

    it('agree on whole bodies, and never on a part of one', () => {
      for (const text of texts) {
        const plan = planOf(tongue, text, false);
        const bytes = bytesOf(plan);
        const scanner = scanned(tongue, plan, bytes, 33);
        equal(scanner.finish(), undefined, text);
        const half = scannerOf(tongue, plan);
        half.scan(bytes, 0, bytes.length >> 1);
        ok(half.finish() !== undefined, text);
      }
    });
  });
}
