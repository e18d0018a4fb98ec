// Whatever the upstream does to a stream, and whenever: the caller gets a truthful ending and the
// log the right verdict. One cell per dialect, fault and instant.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anthropicEvents, chatEvents, responsesEvents } from '../../src/dialects/samples.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import type { Behaviour } from '../../src/testing/misbehaving-upstream/behaviour.ts';
import {
  also,
  cut,
  withoutLastChunk,
  wrongLength,
} from '../../src/testing/misbehaving-upstream/behaviours.ts';
import { sseAnswer } from '../../src/testing/misbehaving-upstream/built-in-answers.ts';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import { startHoldfast } from '../support/holdfast.ts';
import { ask, briefTimeouts, instants } from '../support/answer-ending.ts';
import type { Ending } from '../support/answer-ending.ts';

const dialects = [
  { name: 'anthropic', path: '/v1/messages', events: anthropicEvents },
  { name: 'openai-chat', path: '/v1/chat/completions', events: chatEvents },
  { name: 'openai-responses', path: '/v1/responses', events: responsesEvents },
] as const;

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
          timeouts: briefTimeouts,
          lines,
          bare: true,
        });
      });
      after(() => gateway.close());

      async function judge(behaviour: Behaviour): Promise<{ outcome: Ending; verdict: string }> {
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

      for (const framing of ['chunked', 'length', 'until-close'] as const) {
        it(`is a failure when a ${framing} body ends well without its terminal event`, async () => {
          const short = { answer: sseAnswer(steps.slice(0, -1)), framing };
          const { outcome, verdict } = await judge(short);
          assert.equal(outcome.how, 'failed');
          assert.equal(verdict, 'STREAM_TRUNCATED');
        });
      }

      for (const lengthOff of [-60, -1, 1, 14, 100, 10_000]) {
        it(`is no success when its length is off by ${lengthOff}`, async () => {
          const { outcome } = await judge(also(whole, wrongLength(lengthOff)));
          assert.notEqual(outcome.how, 'whole');
          const closing = /\[DONE\]\n|message_stop"|response\.completed"/;
          if (lengthOff < 0) assert.doesNotMatch(outcome.text, closing);
        });
      }

      it('is no success for one who stops reading at the end of an earlier event', async () => {
        const counted: Behaviour = { ...whole, framing: 'length' };
        const { outcome, verdict } = await judge(also(counted, cut('fin', 'event:3')));
        assert.notEqual(outcome.how, 'whole');
        assert.equal(verdict, 'STREAM_CUT');
      });

      it('is a failure when the last chunk never comes', async () => {
        const { outcome, verdict } = await judge(also(whole, withoutLastChunk('fin')));
        assert.equal(verdict, 'STREAM_CUT');
        assert.notEqual(outcome.how, 'whole');
      });
    });
  }

  it('is none when [DONE] comes before the model has said that it is done', async () => {
    const lines: string[] = [];
    const gateway = await startHoldfast(upstream.url, {
      dialect: 'openai-chat',
      lines,
      bare: true,
    });
    const half = [...chatEvents.slice(0, 3), 'data: [DONE]\n\n'];
    upstream.use({ answer: sseAnswer(half.map((bytes) => ({ afterMs: 2, bytes }))) });
    const outcome = await ask(`${gateway.url}/v1/chat/completions`);
    await eventually(() => lines.length > 0, 'the log line');
    await gateway.close();
    assert.equal(outcome.how, 'failed');
    assert.doesNotMatch(outcome.text, /DONE/);
    assert.equal(JSON.parse(lines[0] ?? '{}').verdict, 'STREAM_TRUNCATED');
  });
});
