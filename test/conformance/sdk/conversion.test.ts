// Each official client against an upstream of each vendor, through the gateway: what the client is
// told must not depend on who answers.

import { equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { APIError } from 'openai';
import { startGateway } from '../../../src/gateway/gateway.ts';
import type { Gateway } from '../../../src/gateway/gateway.ts';
import { SimServer } from '../sim-server.ts';
import { modelClients } from './model-clients.ts';
import type { Answer, ModelClient } from './model-clients.ts';
import { becomes } from './target.ts';

const clientNames = ['anthropic', 'openai-chat', 'openai-responses'] as const;
const upstreamDialects = ['anthropic', 'openai-chat', 'openai-responses'] as const;

/** The same text and length each time. */
const SAID = '[[seed=7]] [[tokens=40]]';

for (const dialect of upstreamDialects) {
  describe(`an upstream that speaks ${dialect}`, () => {
    let upstream: SimServer;
    let gateway: Gateway;
    let clients: ModelClient[];

    before(async () => {
      upstream = await SimServer.listen();
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
      ok(await becomes(() => gateway.leases.size === 0));
      await upstream.close();
    });

    for (const name of clientNames) {
      const client = (): ModelClient => {
        const found = clients.find((candidate) => candidate.name === name);
        ok(found !== undefined);
        return found;
      };
      const texts = new Map<boolean, Answer>();

      for (const stream of [false, true]) {
        const how = stream ? 'a stream' : 'a document';

        it(`tells ${name} a text, in ${how}`, async () => {
          const answer = await client().ask({ text: SAID, stream });
          texts.set(stream, answer);
          ok(answer.text.length > 40, answer.text);
          equal(answer.stop, 'stop');
          equal(answer.outputTokens, 40);
          equal(answer.model, name === dialect ? 'model-there' : 'model-asked');
          match(upstream.requests.at(-1)?.body ?? '', /"model":"model-there"/);
        });

        it(`has ${name} call tools, in ${how}`, async () => {
          const text = '[[tools=2]] What is the weather?';
          const answer = await client().ask({ text, stream, tools: true });
          equal(answer.calls.length, 2);
          equal(answer.stop, 'tools');
          for (const call of answer.calls) {
            equal(call.name, 'get_weather');
            equal(typeof (call.input as { city: unknown }).city, 'string');
          }
        });

        it(`refuses ${name} in its own words, in ${how}`, async () => {
          const status = 429;
          const asking = client().ask({ text: `[[status=${status}]] [[retry-after=3]]`, stream });
          await rejects(asking, (error) => {
            ok(error instanceof APIError || error instanceof Anthropic.APIError);
            equal(error.status, status);
            equal(error.headers?.get('retry-after'), '3');
            match(error.message, /rate/i);
            return true;
          });
        });
      }

      it(`tells ${name} the same either way`, () => {
        equal(texts.get(true)?.text, texts.get(false)?.text);
      });

      it(`never lets ${name} take a cut stream for a whole one`, async () => {
        await rejects(client().ask({ text: '[[tokens=40]] [[cut@10]]', stream: true }));
        await rejects(client().ask({ text: '[[tokens=40]] [[stop@10]]', stream: true }));
      });

      it(`tells ${name} of an error in the middle of a stream`, async () => {
        await rejects(client().ask({ text: '[[tokens=40]] [[error@10]]', stream: true }));
      });
    }
  });
}
