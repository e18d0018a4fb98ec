// The official clients against a simulated Salesforce org through the gateway: both of its
// surfaces, neither of which any of the clients knows.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startGateway } from '../../../src/gateway/gateway.ts';
import type { Gateway } from '../../../src/gateway/gateway.ts';
import type { PlanRequest } from '../../../src/simulator/answer-plan.ts';
import { SalesforceOrg } from '../../../src/simulator/salesforce/salesforce-org.ts';
import type { SimulatedService } from '../../../src/simulator/simulated-service.ts';
import { allGivenBack } from '../../../src/testing/eventually.fixture.ts';
import { LeakCheck, SimServer } from '../../../src/testing/index.ts';
import {
  callsTools,
  claimOfEveryClient,
  failsOn,
  isApiError,
  refuses,
  refusesWhatIsUnknown,
  showsPictures,
  tellsText,
  tellsTheSame,
} from './client-claims.ts';
import type { Claim } from './client-claims.ts';
import { modelClients } from './model-clients.ts';
import type { ModelClient } from './model-clients.ts';
import { picturesIn } from './seen-pictures.ts';

const leaks = LeakCheck.begin();
after(() => leaks.assertClean());

const surfaces = ['documented', 'native'] as const;

const PROMPT_CHARS_MAX = 20_000;

/** A gateway in front of an org. */
class Rig {
  readonly org: SalesforceOrg = new SalesforceOrg({ promptCharsMax: PROMPT_CHARS_MAX });
  /** The server keeps no bodies of requests that are answered. */
  readonly #watched: SimulatedService = {
    open: (request, random, wallMs) => {
      if (!request.path.includes('/oauth2/')) this.#lastRequest = request;
      return this.org.open(request, random, wallMs);
    },
  };
  #lastRequest: PlanRequest | undefined;
  #sim: SimServer | undefined;
  #gateway: Gateway | undefined;

  async open(surface: 'auto' | (typeof surfaces)[number]): Promise<void> {
    const sim = await SimServer.listen({ service: this.#watched, seed: 5 });
    this.#sim = sim;
    const tokenUrl = `${sim.url}/services/oauth2/token`;
    const oauth = { tokenUrl, clientId: 'sim-client', clientSecret: 'sim-secret' };
    const org = {
      dialect: 'salesforce-models',
      endpoints: [sim.url],
      credentials: { oauth },
      salesforce: { surface },
      models: { 'model-*': 'sim-fast', 'text-embedding-*': 'sim-fast', 'claude-*': CLAUDE },
      breaker: false,
      pacing: false,
    };
    this.#gateway = await startGateway({
      env: {},
      config: {
        upstreams: { org },
        routes: [{ match: { path: '/v1/**' }, upstreams: ['org'], retry: { attempts: 1 } }],
      },
      overrides: { listen: '127.0.0.1:0', admin: 'off', simulator: false, guard: false },
    });
  }

  get url(): string {
    return this.#gateway?.url ?? '';
  }

  /** The path of the last request, without those for tokens. */
  get asked(): string | undefined {
    return this.#lastRequest?.path;
  }

  /** Its body. */
  get body(): string {
    return this.#lastRequest?.body ?? '';
  }

  /** Requests to the org so far. */
  get requestCount(): number {
    return this.#sim?.seen.requestCount ?? 0;
  }

  async close(): Promise<void> {
    await this.#gateway?.close(1_000);
    await this.#sim?.close();
    if (this.#gateway !== undefined) await allGivenBack(this.#gateway.leases);
  }
}

const CLAUDE = 'sfdc_ai__DefaultBedrockAnthropicClaude45Sonnet';
const NATIVE = /^\/ai\/gpt\/v1\/model\/[\w-]+\/invoke(-with-response-stream)?$/;
const DOCUMENTED = /^\/einstein\/platform\/v1\/models\/[\w-]+\/chat-generations$/;

const streamFaults = ['[[stop@10]]', '[[error@10]]', '[[empty]]', '[[bad-crc@5]]'];

const tellsOfLongPrompt: Claim = {
  title: (name) => `tells ${name} that a prompt is too long`,
  async holds(client, stream) {
    const asking = client.ask({ text: 'word '.repeat(PROMPT_CHARS_MAX / 4), stream });
    await rejects(asking, (error) => {
      ok(isApiError(error));
      equal(error.status, 400);
      // Agents act on these: one makes its conversation shorter, the other reads the code.
      if (client.name === 'anthropic') match(error.message, /prompt is too long/);
      else equal(error.code, 'context_length_exceeded');
      return true;
    });
  },
};

const neverShowsError: Claim = {
  title: (name) => `never shows ${name} an error under a 200 as an answer`,
  async holds(client, stream) {
    await rejects(client.ask({ text: '[[json-error]]', stream }), isApiError);
  },
};

for (const surface of surfaces) {
  describe(`the ${surface} surface of an org`, () => {
    const rig = new Rig();
    let clients: ModelClient[];
    before(async () => {
      await rig.open(surface);
      clients = modelClients(rig.url);
    });
    after(() => rig.close());

    const native = surface === 'native';
    const faults = native ? ['[[cut@10]]', ...streamFaults] : ['[[cut@10]]'];
    claimOfEveryClient(() => clients, {
      eitherWay: [
        tellsText(() => match(rig.asked ?? '', native ? NATIVE : DOCUMENTED)),
        refuses,
        tellsOfLongPrompt,
        neverShowsError,
        ...(native
          ? // The native surface has the form of Anthropic's own API.
            [callsTools, showsPictures(() => picturesIn(rig.body, 'anthropic'))]
          : (['tools', 'pictures'] as const).map((what) =>
              refusesWhatIsUnknown(what, () => rig.requestCount),
            )),
      ],
      once: [
        tellsTheSame,
        failsOn((name) => `never lets ${name} take a broken answer for a whole one`, faults),
      ],
    });
  });
}

describe('the surface of an org', () => {
  const rig = new Rig();
  before(() => rig.open('auto'));
  after(() => rig.close());

  it('is the native one for models of Anthropic, the documented one for all others', async () => {
    const client = new Anthropic({ baseURL: rig.url, apiKey: 'k', maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'Hi [[tokens=3]]' }];
    await client.messages.create({ model: 'claude-x', max_tokens: 9, messages });
    equal(rig.asked, `/ai/gpt/v1/model/${CLAUDE}/invoke`);
    const other = 'sfdc_ai__DefaultGPT4Omni';
    const message = await client.messages.create({ model: other, max_tokens: 9, messages });
    equal(rig.asked, `/einstein/platform/v1/models/${other}/chat-generations`);
    equal(message.model, other);
  });

  it('makes embeddings for the client of OpenAI, as numbers and as it asks by itself', async () => {
    const client = new OpenAI({ baseURL: `${rig.url}/v1`, apiKey: 'k', maxRetries: 0 });
    const input = ['one', 'two words'];
    const model = 'text-embedding-x';
    // Without a format the client asks for base64, and decodes it.
    const packed = await client.embeddings.create({ model, input });
    const plain = await client.embeddings.create({ model, input, encoding_format: 'float' });
    equal(rig.asked, '/einstein/platform/v1/models/sim-fast/embeddings');
    deepEqual(
      packed.data.map(({ index }) => index),
      [0, 1],
    );
    for (const [place, { embedding }] of plain.data.entries()) {
      const same = packed.data[place]?.embedding ?? [];
      ok(embedding.length > 3);
      equal(same.length, embedding.length);
      for (const [at, value] of embedding.entries()) ok(Math.abs(value - (same[at] ?? 9)) < 1e-6);
    }
    equal(packed.model, model);
    ok(packed.usage.prompt_tokens > 0);
    const one = await client.embeddings.create({ model, input: 'alone' });
    equal(one.data.length, 1);
  });

  it('lists its models, and counts tokens, though the org does neither', async () => {
    const openai = new OpenAI({ baseURL: `${rig.url}/v1`, apiKey: 'k', maxRetries: 0 });
    const anthropic = new Anthropic({ baseURL: rig.url, apiKey: 'k', maxRetries: 0 });
    // The table of this gateway has patterns only, and those are no names.
    deepEqual((await openai.models.list()).data, []);
    deepEqual((await anthropic.models.list()).data, []);
    const messages = [{ role: 'user' as const, content: 'word '.repeat(100) }];
    const counted = await anthropic.messages.countTokens({ model: 'claude-x', messages });
    ok(counted.input_tokens > 50 && counted.input_tokens < 300);
  });
});
