// Each official client against an upstream of each vendor, through the gateway: what the client is
// told must not depend on who answers.

import { equal, match } from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { startGateway } from '../../../src/gateway/gateway.ts';
import type { Gateway } from '../../../src/gateway/gateway.ts';
import { allGivenBack } from '../../../src/testing/eventually.fixture.ts';
import { PlainSimServer } from '../plain-sim-server.ts';
import {
  callsTools,
  claimOfEveryClient,
  failsOn,
  refuses,
  showsPictures,
  tellsText,
  tellsTheSame,
} from './client-claims.ts';
import { modelClients } from './model-clients.ts';
import type { ModelClient } from './model-clients.ts';
import { picturesIn } from './seen-pictures.ts';

const upstreamDialects = ['anthropic', 'openai-chat', 'openai-responses'] as const;

for (const dialect of upstreamDialects) {
  describe(`an upstream that speaks ${dialect}`, () => {
    let upstream: PlainSimServer;
    let gateway: Gateway;
    let clients: ModelClient[];

    before(async () => {
      upstream = await PlainSimServer.listen();
      gateway = await startGateway({
        env: {},
        config: {
          upstreams: {
            models: {
              dialect,
              endpoints: [upstream.url],
              models: { 'model-*': 'model-there' },
              breaker: false,
              pacing: false,
            },
          },
          routes: [{ match: { path: '/v1/**' }, upstreams: ['models'], retry: { attempts: 1 } }],
        },
        overrides: { listen: '127.0.0.1:0', admin: 'off', simulator: false, guard: false },
      });
      clients = modelClients(gateway.url);
    });
    after(async () => {
      await gateway.close(1_000);
      await allGivenBack(gateway.leases);
      await upstream.close();
    });

    claimOfEveryClient(() => clients, {
      eitherWay: [
        tellsText((answer, name) => {
          equal(answer.model, name === dialect ? 'model-there' : 'model-asked');
          match(upstream.requests.at(-1)?.body ?? '', /"model":"model-there"/);
        }),
        callsTools,
        showsPictures(() => picturesIn(upstream.requests.at(-1)?.body ?? '', dialect)),
        refuses,
      ],
      once: [
        tellsTheSame,
        failsOn(
          (name) => `never lets ${name} take a cut stream for a whole one`,
          ['[[cut@10]]', '[[stop@10]]'],
        ),
        failsOn((name) => `tells ${name} of an error in the middle of a stream`, ['[[error@10]]']),
      ],
    });
  });
}
