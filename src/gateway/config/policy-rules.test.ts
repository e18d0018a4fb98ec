import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from './load.ts';

const text = (upstream: string, route: string, top: string): string =>
  `${top}\n` +
  `upstreams: { u: { endpoints: ["https://u.example"], ${upstream} } }\n` +
  `routes: [{ match: { path: /** }, upstreams: [u], ${route} }]\n`;

function said(upstream: string, route: string = '', top: string = ''): readonly string[] {
  const source = { name: 'f', text: text(upstream, route, top) };
  const { lines } = loadConfig(source, { env: {}, readText: () => '' });
  return lines.map((line) => line.replace(/^f:\d+: /, ''));
}

/** Upstream, route and top-level options, and the one sentence they are answered with. */
type Row = readonly [upstream: string, route: string, top: string, sentence: string];

const rows: readonly Row[] = [
  [
    'limit: { min: 100, max: 10 }',
    '',
    '',
    'upstreams.u.limit.min: 100 is above max 10; lower min or raise max',
  ],
  [
    'limit: { start: 100, max: 10 }',
    '',
    '',
    'upstreams.u.limit.start: 100 is above max 10; lower start or raise max',
  ],
  [
    'limit: { min: 20, start: 10 }',
    '',
    '',
    'upstreams.u.limit.min: 20 is above start 10; lower min or raise start',
  ],
  [
    'limit: { algorithm: fixed, start: 4, max: 9 }',
    '',
    '',
    'upstreams.u.limit.start: 4 differs from the limit of 9, and a fixed one does not move; remove it, or choose another algorithm',
  ],
  [
    'limit: { algorithm: fixed, min: 2 }',
    '',
    '',
    'upstreams.u.limit.min: 2 differs from the limit of 64, and a fixed one does not move; remove it, or choose another algorithm',
  ],
  [
    'limit: { soft: 0% }',
    '',
    '',
    'upstreams.u.limit.soft: 0% sends every call past this upstream; write for example "80%", or put another one before it in the route',
  ],
  [
    'adaptive: { floor: 40s, ceiling: 10s }',
    '',
    '',
    'upstreams.u.adaptive.floor: floor 40s is above ceiling 10s; lower floor or raise ceiling',
  ],
  [
    'adaptive: { floor: 40s }',
    '',
    '',
    'upstreams.u.adaptive.floor: floor 40s is above ceiling 30s of profile rest; lower floor or raise ceiling',
  ],
  [
    'adaptive: { ceiling: 1s }',
    '',
    '',
    'upstreams.u.adaptive.ceiling: floor 2s of profile rest is above ceiling 1s; lower floor or raise ceiling',
  ],
  [
    'timeouts: { queue: 2m }',
    '',
    '',
    'upstreams.u.timeouts.queue: queue 2m is above total 1m of profile rest: the call would be over before its place is free; lower queue or raise total',
  ],
  [
    '',
    '',
    'breaker: { openMin: 10m, openMax: 5m }',
    'breaker.openMin: 10m is above the 5m of openMax, which bounds it; lower openMin or raise openMax',
  ],
  [
    '',
    '',
    'breaker: { successRate: 100% }',
    'warning: breaker.successRate: 100% opens the circuit at the first failure among ten calls; write for example "90%"',
  ],
  [
    '',
    '',
    'breaker: { slowShare: 100% }',
    'breaker.slowShare: 100% is a share that nothing is above; write for example "80%", or slowAfter: none',
  ],
  [
    '',
    'retry: { holdBytes: 1GiB }',
    '',
    'routes[0].retry.holdBytes: 1GiB is above the 256MiB of limits.bufferBytes, which bound the bodies of all calls: one answer could fill the memory; lower it',
  ],
  [
    '',
    'retry: { holdBytes: 100MiB }',
    '',
    'warning: routes[0].retry.holdBytes: 100MiB is a lot: each call may hold as much, and limits.bufferBytes does not count it; write for example "4MiB"',
  ],
  [
    '',
    'retry: { holdFor: 2h }',
    '',
    'routes[0].retry.holdFor: 2h is above byteIdle 15s of "u": an answer without content is cut before; lower holdFor',
  ],
  [
    'dialect: anthropic',
    'retry: { holdFor: 2h }',
    '',
    'routes[0].retry.holdFor: 2h is above progressIdle 15m of "u": an answer without content is cut before; lower holdFor',
  ],
  [
    'timeouts: { byteIdle: 10s }',
    'heartbeat: { every: 15s }',
    '',
    'routes[0].heartbeat.every: 15s is not below the 10s idle limit of "u": a silent answer is cut before its first heartbeat; lower it or raise timeouts.byteIdle there',
  ],
  [
    'dialect: anthropic, timeouts: { byteIdle: 15s }',
    '',
    '',
    'warning: upstreams.u.timeouts.byteIdle: 15s is not above the 15s between heartbeats of routes[0], so none is ever sent; raise it, or write a shorter heartbeat.every there',
  ],
];

/** Combinations that do what they say. */
const silent: readonly (readonly [upstream: string, route: string, top: string])[] = [
  ['limit: { min: 10, start: 10, max: 10 }', '', ''],
  ['limit: { max: 1 }', '', ''],
  ['limit: { algorithm: fixed, start: 4 }', '', ''],
  ['limit: { algorithm: fixed, start: 4, max: 4 }', '', ''],
  ['limit: { soft: 1% }', '', ''],
  ['adaptive: { enabled: false, floor: 40s, ceiling: 10s }', '', ''],
  ['adaptive: { floor: 5s, ceiling: 5s }', '', ''],
  ['timeouts: { total: 1s }', '', ''],
  ['', '', 'breaker: { openMin: 5m, openMax: 5m, successRate: 99% }'],
  ['', '', 'breaker: { slowAfter: none, slowShare: 100% }'],
  ['', 'retry: { holdBytes: 8MiB, holdFor: 15s }', ''],
  // A profile that is tightened: the heartbeat was not written, and documents have none.
  ['timeouts: { byteIdle: 10s }', '', ''],
  ['timeouts: { byteIdle: 5s }', 'heartbeat: { enabled: false }', ''],
  ['dialect: anthropic, timeouts: { byteIdle: 16s }', '', ''],
  ['', 'heartbeat: { every: 14s }', ''],
];

describe('rules between the options of the layers', () => {
  for (const [upstream, route, top, sentence] of rows) {
    it(`say: ${sentence}`, () => assert.deepEqual(said(upstream, route, top), [sentence]));
  }

  it('are silent where nothing contradicts', () => {
    for (const row of silent) assert.deepEqual(said(...row), [], row.join(' '));
  });

  it('refuse what is written as it was asked for, and name every upstream it concerns', () => {
    const source = {
      name: 'f',
      text:
        'upstreams:\n' +
        '  a: { endpoints: ["https://a.example"], timeouts: { byteIdle: 20s } }\n' +
        '  b: { endpoints: ["https://b.example"], timeouts: { byteIdle: 40s } }\n' +
        'routes: [{ match: { path: /** }, upstreams: [a, b], heartbeat: { every: 40s } }]\n',
    };
    const { lines, settings } = loadConfig(source, { env: {}, readText: () => '' });
    assert.equal(settings, undefined);
    assert.deepEqual(
      lines.map((line) => /limit of "(\w)"/.exec(line)?.[1]),
      ['a', 'b'],
    );
  });
});
