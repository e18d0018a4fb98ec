// Whatever the upstream does to a stream, and whenever: the caller gets a truthful ending and the
// log the right verdict. One cell per dialect, fault and instant.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anthropicEvents, chatEvents, responsesEvents } from '../../src/dialects/samples.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import type { Behaviour, Point } from '../../src/testing/misbehaving-upstream/behaviour.ts';
import { cut, also, withoutLastChunk } from '../../src/testing/misbehaving-upstream/behaviours.ts';
import { sseAnswer } from '../../src/testing/misbehaving-upstream/built-in-answers.ts';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import { startHoldfast } from '../support/holdfast.ts';

const dialects = [
  { name: 'anthropic', path: '/v1/messages', events: anthropicEvents },
  { name: 'openai-chat', path: '/v1/chat/completions', events: chatEvents },
  { name: 'openai-responses', path: '/v1/responses', events: responsesEvents },
] as const;

/** Instants, and the verdict of a break and of a stall there. */
const instants: readonly (readonly [Point, readonly string[], string])[] = [
  ['request', ['RESET', 'STALE_CONNECTION'], 'FIRST_BYTE_TIMEOUT'],
  ['before-head', ['RESET', 'STALE_CONNECTION'], 'FIRST_BYTE_TIMEOUT'],
  ['head:12', ['BAD_RESPONSE', 'RESET', 'STREAM_CUT'], 'FIRST_BYTE_TIMEOUT'],
  ['after-head', ['STREAM_CUT'], 'STREAM_IDLE'],
  ['event:1', ['STREAM_CUT'], 'STREAM_IDLE'],
  ['event:3', ['STREAM_CUT'], 'STREAM_IDLE'],
  ['byte:137', ['STREAM_CUT'], 'STREAM_IDLE'],
  ['before-terminal', ['STREAM_CUT'], 'STREAM_IDLE'],
];

const timeouts = {
  firstByte: '300ms',
  byteIdle: '300ms',
  byteIdleAfterPing: '300ms',
  progressIdle: '400ms',
};

interface Outcome {
  readonly how: 'whole' | 'failed' | 'refused';
  readonly status: number;
  readonly text: string;
}

async function ask(url: string): Promise<Outcome> {
  let status = 0;
  let text = '';
  try {
    const answer = await fetch(url, { method: 'POST', body: '{"model":"m","stream":true}' });
    status = answer.status;
    const decoder = new TextDecoder();
    for await (const part of answer.body ?? []) text += decoder.decode(part, { stream: true });
    return { how: answer.ok ? 'whole' : 'refused', status, text };
  } catch {
    return { how: 'failed', status, text };
  }
}

describe('the ending of a stream', () => {
  let upstream: MisbehavingUpstream;
  before(async () => {
    upstream = await MisbehavingUpstream.listen({});
  });
  after(() => upstream.close());

  for (const { name, path, events } of dialects) {
    describe(`in ${name}`, () => {
      let gateway: Gateway;
      const lines: string[] = [];
      const steps = events.map((bytes) => ({ afterMs: 2, bytes }));
      const whole: Behaviour = { answer: sseAnswer(steps) };
      before(async () => {
        gateway = await startHoldfast(upstream.url, {
          dialect: name,
          timeouts,
          lines,
          bare: true,
        });
      });
      after(() => gateway.close());

      async function judge(behaviour: Behaviour): Promise<{ outcome: Outcome; verdict: string }> {
        upstream.use(behaviour);
        lines.length = 0;
        const outcome = await ask(gateway.url + path);
        await eventually(() => lines.length > 0, 'the log line');
        return { outcome, verdict: String(JSON.parse(lines[0] ?? '{}').verdict) };
      }

      it('is whole when the upstream is well', async () => {
        const { outcome, verdict } = await judge(whole);
        assert.equal(outcome.how, 'whole');
        assert.equal(outcome.text, events.join(''));
        assert.equal(verdict, 'complete');
      });

      for (const [point, breakVerdicts, stallVerdict] of instants) {
        for (const action of ['fin', 'rst', 'stall'] as const) {
          it(`is a failure after a ${action} at ${point}`, async () => {
            const { outcome, verdict } = await judge(also(whole, cut(action, point)));
            assert.notEqual(outcome.how, 'whole');
            const expected = action === 'stall' ? [stallVerdict] : breakVerdicts;
            assert.ok(expected.includes(verdict), `${verdict}, not ${expected.join(' or ')}`);
            if (outcome.how === 'refused') assert.ok(outcome.status >= 500);
          });
        }
      }

      it('is a failure when the framing ends well but the terminal event is missing', async () => {
        const short = { answer: sseAnswer(steps.slice(0, -1)) };
        const { outcome, verdict } = await judge(short);
        assert.equal(outcome.how, 'failed');
        assert.equal(verdict, 'STREAM_TRUNCATED');
      });

      it('is a failure when the last chunk never comes', async () => {
        const { outcome, verdict } = await judge(also(whole, withoutLastChunk('fin')));
        assert.equal(verdict, 'STREAM_CUT');
        assert.notEqual(outcome.how, 'whole');
      });
    });
  }
});
