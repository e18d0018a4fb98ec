import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultWebSocketOptions } from '../../edges/web-socket/options.ts';
import { loadConfig } from './load.ts';
import type { Loaded } from './load.ts';

function load(upstream: object): Loaded {
  const value = {
    upstreams: { u: { endpoints: ['https://u.example'], ...upstream } },
    routes: [{ match: { path: '/**' }, upstreams: ['u'] }],
  };
  return loadConfig({ value }, { env: {}, readText: () => '' });
}

const optionsOf = (webSocket: object) =>
  load({ profile: 'websocket', webSocket }).settings?.upstreams.get('u')?.webSocket;
const complaintOf = (upstream: object): string => load(upstream).lines.join('\n');

describe('the options of WebSocket sessions', () => {
  it('are those of the proxy itself where nothing is written', () => {
    assert.deepEqual(optionsOf({}), { ...defaultWebSocketOptions, drainSpreadMs: 0 });
  });

  it('reach the proxy one by one', () => {
    const written = {
      ping: '40s',
      pong: '5s',
      maxMessage: '1MiB',
      backlog: '128KiB',
      stall: '12s',
    };
    assert.deepEqual(optionsOf(written), {
      ...defaultWebSocketOptions,
      drainSpreadMs: 0,
      pingMs: 40_000,
      pongMs: 5_000,
      messageBytes: 1024 * 1024,
      backlogBytes: 128 * 1024,
      stallMs: 12_000,
    });
    assert.equal(optionsOf({ ping: 'none' })?.pingMs, Infinity);
  });

  for (const [written, complaint] of [
    [{ maxMessage: '2GiB' }, /maxMessage: "2GiB" is above the greatest value, 1GiB/],
    [{ maxMessage: '100B' }, /maxMessage: "100B" is below the least value, 1KiB/],
    [{ backlog: '1GiB' }, /backlog: "1GiB" is above the greatest value, 64MiB/],
    [{ ping: '1ms' }, /ping: "1ms" is below the least value, 100ms/],
    [{ pong: 'none' }, /pong: "none" is not a number with a unit/],
    [{ pings: '1s' }, /did you mean "ping"/],
  ] as const) {
    it(`are refused with words: ${JSON.stringify(written)}`, () => {
      assert.match(complaintOf({ profile: 'websocket', webSocket: written }), complaint);
      assert.equal(optionsOf(written), undefined);
    });
  }

  it('are warned of where no session obeys them', () => {
    assert.match(
      complaintOf({ webSocket: { ping: '40s' } }),
      /u\.webSocket: has no effect with profile rest; set profile: websocket or remove it/,
    );
    assert.equal(complaintOf({ webSocket: { ping: '25s' } }), '');
    assert.equal(complaintOf({ profile: 'websocket', webSocket: { ping: '40s' } }), '');
  });

  it('are warned of where a pong is waited for that nobody asks for', () => {
    const webSocket = { ping: 'none', pong: '5s' };
    assert.match(
      complaintOf({ profile: 'websocket', webSocket }),
      /upstreams\.u\.webSocket\.pong: has no effect while ping is none/,
    );
  });
});
