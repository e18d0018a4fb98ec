// The promise: who has a valid token never waits for a renewal, and a crowd renews once.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ServiceScript } from '../../testing/scripted-service.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { tokenNameOf } from './credential-settings.ts';
import { counting, CredentialsRig, oauthSettings, settle } from './credentials.fixture.ts';
import { FixtureStore } from './token-store.fixture.ts';

const HOUR_S = 3_600;
const HOUR = HOUR_S * 1_000;

describe('a crowd at the end of a token', () => {
  it('renews once for a hundred calls at once', async () => {
    const rig = new CredentialsRig({});
    await rig.begin(HOUR_S, HOUR + 1);
    const sinks = Array.from({ length: 100 }, () => rig.send().sink);
    assert.equal(rig.endpoint.asks.length, 2);
    rig.clock.advance(300);
    rig.endpoint.last.answer(200, { access_token: 'token-2', expires_in: HOUR_S });
    await settle();
    assert.ok(sinks.every((sink) => sink.ended));
    assert.deepEqual(new Set(rig.sent), new Set(['Bearer token-2']));
    assert.equal(rig.endpoint.asks.length, 2);
    rig.assertNothingLeft();
  });

  it('notices nothing of a dead endpoint while the token lives', async () => {
    const rig = new CredentialsRig({});
    await rig.begin(HOUR_S, HOUR - 200_000);
    rig.endpoint.onAsk = (ask) => ask.break('ECONNREFUSED');
    for (let call = 0; call < 1_700; call += 1) {
      const { sink } = rig.send();
      assert.equal(sink.ended, true);
      rig.clock.advance(100);
      if (call % 10 === 0) await settle();
    }
    assert.deepEqual(rig.waits, []);
    assert.ok(rig.said.includes('warned up many-failures'));
    // Three attempts a renewal, and pauses of 5, 10, 20, 40 and 60 s between renewals.
    assert.ok(rig.endpoint.asks.length <= 1 + 3 * 7, String(rig.endpoint.asks.length));
  });
});

describe('a token endpoint that hangs', () => {
  it('costs a thousand calls across the end of the token no time while it lives', async () => {
    const rig = new CredentialsRig({}, { options: { renewalMsMax: 3_600_000 } });
    await rig.begin(HOUR_S, HOUR - 150_000);
    const began: { at: number; over: () => boolean }[] = [];
    const late: number[] = [];
    for (let call = 0; call < 1_000; call += 1) {
      const at = rig.clock.now();
      const { sink } = rig.send();
      began.push({ at, over: () => sink.isOver });
      if (!sink.ended) late.push(HOUR - (at - 1_000));
      rig.clock.advance(160);
    }
    rig.clock.advance(5_000);
    assert.equal(rig.endpoint.asks.length, 2, 'the first token, and one renewal that hangs');
    assert.equal(rig.endpoint.inFlightMost, 1);
    // Nobody waited before the last thirty seconds, and nobody for longer than five seconds.
    assert.ok(Math.max(...late) <= 30_000, String(Math.max(...late)));
    assert.ok(Math.max(...rig.waits) <= 5_000);
    assert.ok(
      began.every(({ over }) => over()),
      'a call hangs',
    );
    rig.endpoint.last.answer(200, { access_token: 'token-2', expires_in: HOUR_S });
    await settle();
    assert.equal(rig.send().sink.ended, true);
  });

  it('is given up, and asked again', async () => {
    const rig = new CredentialsRig({});
    rig.send();
    rig.clock.advance(60_000);
    assert.deepEqual(rig.said, ['failed up timeout 1']);
    rig.clock.advance(6_000);
    rig.endpoint.onAsk = counting(60);
    const { sink } = rig.send();
    await settle();
    assert.equal(sink.ended, true);
    // The late answer of the first one changes nothing.
    rig.endpoint.asks[0]?.answer(200, { access_token: 'late', expires_in: 60 });
    await settle();
    assert.equal(rig.view.version, 1);
  });
});

describe('an endpoint that gives out the same token until it ends', () => {
  it('is not asked all the time, and no call fails', async () => {
    // ServiceNow's way: the remaining life in whole seconds.
    const rig = new CredentialsRig({});
    const { clock } = rig;
    let issuedAt = clock.now();
    let tokens = 1;
    rig.endpoint.onAsk = (ask) => {
      if (clock.now() >= issuedAt + 1_800_000) {
        issuedAt = clock.now();
        tokens += 1;
      }
      const left = Math.floor((issuedAt + 1_800_000 - clock.now()) / 1_000);
      ask.answer(200, { access_token: `token-${tokens}`, expires_in: left });
    };
    rig.send();
    await settle();
    for (let second = 0; second < 3 * 1_800; second += 1) {
      clock.advance(1_000);
      const { sink } = rig.send();
      await settle();
      assert.equal(sink.ended, true, `after ${second} s`);
    }
    assert.ok(tokens >= 3);
    assert.ok(rig.endpoint.asks.length <= 8 * tokens, `${rig.endpoint.asks.length} asks`);
  });
});

describe('a fleet with one store', () => {
  it('renews once for all of its processes', async () => {
    const clock = new VirtualClock();
    const store = new FixtureStore(() => clock.now());
    const rigs = [1, 2, 3].map((seed) => new CredentialsRig({}, { clock, store, seed }));
    const sinks = rigs.map((rig) => rig.send().sink);
    await settle();
    const asked = rigs.filter((rig) => rig.endpoint.asks.length > 0);
    assert.equal(asked.length, 1);
    asked[0]?.endpoint.last.answer(200, { access_token: 'shared', expires_in: HOUR_S });
    await settle();
    clock.advance(200);
    await settle();
    assert.ok(sinks.every((sink) => sink.ended));
    assert.deepEqual(new Set(rigs.flatMap((rig) => rig.sent)), new Set(['Bearer shared']));
    assert.equal(rigs.flatMap((rig) => rig.endpoint.asks).length, 1);
  });

  /** A process whose token has so much left, and another one's token of 90 s in the store. */
  const besideOthers = async (leftMs: number, script: ServiceScript): Promise<CredentialsRig> => {
    const clock = new VirtualClock();
    const store = new FixtureStore(() => clock.now());
    const rig = new CredentialsRig(script, { clock, store });
    rig.endpoint.onAsk = counting(HOUR_S);
    rig.send();
    await settle();
    clock.advance(HOUR - leftMs);
    const expiresAtWall = clock.wallNow() + 90_000;
    const name = tokenNameOf('up', oauthSettings);
    assert.equal(await store.write(name, { text: 'theirs', expiresAtWall, version: 9 }), true);
    return rig;
  };

  it('keeps a token that lives longer than that of the others', async () => {
    const rig = await besideOthers(100_000, {});
    rig.send();
    await settle();
    rig.send();
    assert.deepEqual(rig.sent.slice(1), ['Bearer token-1', 'Bearer token-2']);
  });

  it('takes the token of the others for one that was rejected', async () => {
    const rig = await besideOthers(3_000_000, [{}, { status: 401 }, {}]);
    const { sink } = rig.send();
    await settle();
    assert.deepEqual(rig.sent.slice(1), ['Bearer token-1', 'Bearer theirs']);
    assert.equal(sink.status, 200);
    assert.equal(rig.endpoint.asks.length, 1);
  });
});
