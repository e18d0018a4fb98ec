// An upstream that says in its stream that it has no room. As the first event this is no answer yet
// and another place may give one; after content the caller must hear it, once, and nothing is asked
// again.

import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { anthropicEvents } from '../../src/dialects/samples.ts';
import { LeakCheck, MisbehavingUpstream, errorEvent, sseAnswer } from '../../src/testing/index.ts';
import type { Behaviour } from '../../src/testing/index.ts';
import { AcceptanceGateway } from '../support/acceptance-gateway.ts';

const PATH = '/v1/messages';
const steps = anthropicEvents.map((bytes) => ({ afterMs: 1, bytes }));
const whole: Behaviour = { answer: sseAnswer(steps) };
const overloadedAfter = (events: number): Behaviour => ({ ...whole, ...errorEvent(PATH, events) });
const model = { dialect: 'anthropic', profile: 'llm-hosted' };

describe('an overloaded_error in the stream', () => {
  const leaks = LeakCheck.begin();
  let troubled: MisbehavingUpstream;
  let sound: MisbehavingUpstream;
  let gateway: AcceptanceGateway;
  beforeEach(async () => {
    troubled = await MisbehavingUpstream.listen();
    sound = await MisbehavingUpstream.listen(whole);
  });
  afterEach(async () => {
    await gateway.close();
    await troubled.close();
    await sound.close();
  });
  after(() => leaks.assertClean());

  async function ask(): Promise<{ status: number; text: string }> {
    const body = '{"model":"m","stream":true}';
    const answer = await fetch(`${gateway.url}${PATH}`, { method: 'POST', body });
    return { status: answer.status, text: await answer.text() };
  }

  it('as the first event is not seen by the caller: the other endpoint answers', async () => {
    troubled.use(overloadedAfter(0));
    const pair = { ...model, endpoints: [troubled.url, sound.url] };
    gateway = await AcceptanceGateway.start({ upstreams: { pair } });
    for (let call = 0; call < 12; call += 1) {
      assert.deepEqual(await ask(), { status: 200, text: anthropicEvents.join('') });
    }
    assert.ok(troubled.seen.requestCount > 0, 'the troubled endpoint was asked');
    assert.equal(sound.seen.requestCount, 12);
    assert.equal(gateway.failures(troubled.url), troubled.seen.requestCount);
    assert.equal(gateway.failures(sound.url), 0);
  });

  it('as the first event is not seen by the caller: the next upstream answers', async () => {
    troubled.use(overloadedAfter(0));
    const first = { ...model, endpoints: [troubled.url] };
    const second = { ...model, endpoints: [sound.url] };
    gateway = await AcceptanceGateway.start({ upstreams: { first, second } });
    const beganAt = performance.now();
    assert.deepEqual(await ask(), { status: 200, text: anthropicEvents.join('') });
    const tookMs = performance.now() - beganAt;
    assert.ok(tookMs < 500, `${tookMs} ms: another place is asked without a pause`);
    assert.equal(troubled.seen.requestCount, 1);
    assert.equal(await gateway.metric('gw_retries_total'), 1);
  });

  it('behind a message_start is still not seen, for that is not content', async () => {
    troubled.use(overloadedAfter(1));
    const first = { ...model, endpoints: [troubled.url] };
    const second = { ...model, endpoints: [sound.url] };
    gateway = await AcceptanceGateway.start({ upstreams: { first, second } });
    assert.deepEqual(await ask(), { status: 200, text: anthropicEvents.join('') });
    assert.equal(troubled.seen.requestCount, 1);
  });

  it('as the tenth event reaches the caller, counts, and is not tried again', async () => {
    troubled.use(overloadedAfter(9));
    const first = { ...model, endpoints: [troubled.url] };
    const second = { ...model, endpoints: [sound.url] };
    gateway = await AcceptanceGateway.start({ upstreams: { first, second } });
    const { status, text } = await ask();
    assert.equal(status, 200);
    const before = anthropicEvents.slice(0, 9).join('');
    assert.ok(text.startsWith(before), 'all that came before the error');
    const last = text.slice(before.length);
    assert.match(last, /^event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error"/);
    assert.equal(text.match(/event: error/g)?.length, 1);
    assert.equal(troubled.seen.requestCount, 1);
    assert.equal(sound.seen.requestCount, 0);
    assert.equal(gateway.failures(troubled.url), 1);
    assert.equal(await gateway.metric('gw_retries_total'), 0);
  });

  it('as the tenth event, five times in a row, sends later calls elsewhere', async () => {
    troubled.use(overloadedAfter(9));
    const first = { ...model, endpoints: [troubled.url] };
    const second = { ...model, endpoints: [sound.url] };
    gateway = await AcceptanceGateway.start({ upstreams: { first, second } });
    for (let call = 0; call < 5; call += 1) assert.match((await ask()).text, /overloaded_error/);
    for (let call = 0; call < 5; call += 1) {
      assert.equal((await ask()).text, anthropicEvents.join(''));
    }
    assert.equal(troubled.seen.requestCount, 5);
    assert.equal(await gateway.metric('gw_breaker_trips_total'), 1);
  });
});
