import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from './load.ts';

function lines(text: string): readonly string[] {
  const readText = (): string => {
    throw new Error('ENOENT');
  };
  return loadConfig({ name: 'f', text }, { env: {}, readText }).lines.map((line) =>
    line.replace(/^f:(\d+:)? /, ''),
  );
}

const one = (inside: string, route = '{ match: { path: /** }, upstreams: [u] }'): string =>
  `upstreams: { u: { endpoints: ["https://u.example"], ${inside} } }\nroutes: [${route}]\n`;

const errors: readonly (readonly [string, string])[] = [
  [
    'listen: 0.0.0.0:1',
    'listen: 0.0.0.0:1 is refused: other machines can reach it and there are no caller keys; use 127.0.0.1, add access.keys, or set allowRemote: true',
  ],
  [
    'admin: "[::]:1"',
    'admin: [::]:1 is refused: other machines can reach it and it asks for no key; use 127.0.0.1, or set allowRemote: true',
  ],
  [
    'listen: 127.0.0.1:5\nadmin: 127.0.0.1:5',
    'admin: 127.0.0.1:5 is the listen address too; use another port',
  ],
  [
    'limits: { replayBytes: 2MiB, bufferBytes: 1MiB }',
    'limits.replayBytes: 2MiB is above the 1MiB of bufferBytes, which bodies share; lower it',
  ],
  [
    'limits: { writeStall: 2m, keepAlive: 60s }',
    'limits.writeStall: 2m is not below the 1m of keepAlive: a caller that reads nothing would outlive one that rests; lower it',
  ],
  [
    one('timeouts: { byteIdle: 10m, progressIdle: 5m }'),
    'upstreams.u.timeouts.byteIdle: byteIdle 10m is above progressIdle 5m: a silent stream would always be cut by progressIdle first; lower byteIdle or raise progressIdle',
  ],
  [
    one('profile: llm-hosted, timeouts: { byteIdle: 20m }'),
    'upstreams.u.timeouts.byteIdle: byteIdle 20m is above progressIdle 15m of profile llm-hosted: a silent stream would always be cut by progressIdle first; lower byteIdle or raise progressIdle',
  ],
  [
    one('timeouts: { byteIdle: 5s, byteIdleAfterPing: 6s }'),
    'upstreams.u.timeouts.byteIdleAfterPing: byteIdleAfterPing 6s is above byteIdle 5s: a ping would lengthen the patience it is meant to shorten; lower byteIdleAfterPing or raise byteIdle',
  ],
  [
    one('timeouts: { firstByte: 2m }'),
    'upstreams.u.timeouts.firstByte: firstByte 2m is above total 1m of profile rest: the call would be over before the first byte is late; lower firstByte or raise total',
  ],
  [
    one('timeouts: { connect: 20s, total: 10s }'),
    'upstreams.u.timeouts.connect: connect 20s is above total 10s: the call would be over before the connection is late; lower connect or raise total',
  ],
  [
    'upstreams: { u: { endpoints: ["https://u.example", "http://localhost:1"] } }\nroutes: [{ match: { path: /a }, upstreams: [u] }]',
    'upstreams.u.endpoints: mixes http and https; use one of them for all',
  ],
  [one('ca: gone.pem'), 'upstreams.u.ca: gone.pem cannot be read; give the path of a PEM file'],
  [
    'upstreams: { u: { endpoints: ["https://u.example"] } }',
    'routes: is missing: nothing would reach the upstreams; add for example - { match: { path: /v1/** }, upstreams: [u] }',
  ],
  [
    one('', '{ match: { path: /** }, upstreams: [v] }'),
    'routes[0].upstreams[0]: "v" is not an upstream; did you mean "u"?',
  ],
  [
    'simulator: false\nroutes: [{ match: { path: /a }, upstreams: [simulator] }]',
    'routes[0].upstreams[0]: "simulator" is switched off; set simulator: true',
  ],
  [
    'upstreams: { simulator: { endpoints: ["https://u.example"] } }\nroutes: [{ match: { path: /a }, upstreams: [simulator] }]',
    'upstreams.simulator: is the name of the built-in simulator; choose another',
  ],
  [
    one('', '{ match: { path: /a/** }, upstreams: [u], rewrite: { stripPrefix: /b } }'),
    'routes[0].rewrite.stripPrefix: "/b" is not the start of the path /a/**; start the path with it, or remove it',
  ],
  [
    one('', '{ match: { path: /a, method: get, model: x }, upstreams: [u] }'),
    'routes[0].match.model: is looked for in the body, and GET has none; remove one of them',
  ],
];

const warnings: readonly (readonly [string, string])[] = [
  [
    'upstreams: { u: { endpoints: ["http://u.example"] } }\nroutes: [{ match: { path: /** }, upstreams: [u] }]',
    'warning: upstreams.u.endpoints[0]: sends keys and prompts in clear text; use https, or make sure that the network is yours',
  ],
  [
    'upstreams: { u: { endpoints: ["https://u.example/v1"] } }\nroutes: [{ match: { path: /v1/** }, upstreams: [u] }]',
    'warning: upstreams.u.endpoints[0]: ends in /v1, and the paths of its routes start with it; drop it here',
  ],
  [
    one('').replace('upstreams: {', 'upstreams: { idle: { endpoints: ["https://i.example"] },'),
    'warning: upstreams.idle: is used by no route; add one or remove it',
  ],
  [
    one('lenient: true'),
    'warning: upstreams.u.lenient: has no effect on the plain dialect; remove it',
  ],
  [
    one(
      '',
      '{ match: { path: /a/** }, upstreams: [u] }, { match: { path: /a/b, model: m }, upstreams: [u] }',
    ),
    'warning: routes[1]: is never used: routes[0] matches everything it matches; move it up or remove it',
  ],
];

const silent: readonly string[] = [
  'listen: 0.0.0.0:1\nallowRemote: true',
  'listen: "[::1]:1"',
  'listen: localhost:1\nadmin: off',
  'listen: 127.0.0.1:0\nadmin: 127.0.0.1:0',
  'upstreams: { u: { endpoints: ["http://localhost:11434"], dialect: ndjson } }\nroutes: [{ match: { path: /** }, upstreams: [u] }]',
  one('timeouts: { total: 400ms, progressIdle: 1s }'),
  one('timeouts: { byteIdle: none, byteIdleAfterPing: none, progressIdle: none, total: none }'),
  one(
    '',
    '{ match: { path: /a/**, header: { x-a: true } }, upstreams: [u] }, { match: { path: /a/b }, upstreams: [u] }',
  ),
  one(
    '',
    '{ match: { path: /a/** }, upstreams: [u], rewrite: { stripPrefix: /a/, addPrefix: /c } }',
  ),
];

describe('rules across options', () => {
  for (const [text, sentence] of errors) {
    it(`refuse: ${sentence}`, () => {
      const said = lines(text);
      assert.ok(said.includes(sentence), said.join('\n'));
    });
  }

  for (const [text, sentence] of warnings) {
    it(`warn: ${sentence.slice(9)}`, () => assert.deepEqual(lines(text), [sentence]));
  }

  it('are silent where nothing contradicts', () => {
    for (const text of silent) assert.deepEqual(lines(text), [], text);
  });
});
