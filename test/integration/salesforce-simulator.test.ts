import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { HeaderList } from '../../src/core/header-list.ts';
import { seededRandom } from '../../src/core/random.ts';
import type { AnswerEvent } from '../../src/dialects/conversion/answer-events.ts';
import { documentedAnswer } from '../../src/dialects/salesforce/documented-answer.ts';
import { documentedPath } from '../../src/dialects/salesforce/documented-request.ts';
import { EVENT_STREAM_TYPE, NativeStream } from '../../src/dialects/salesforce/native-answer.ts';
import { nativeRequest } from '../../src/dialects/salesforce/native-request.ts';
import { isRequestProblem } from '../../src/dialects/salesforce/request-problem.ts';
import { salesforceError } from '../../src/dialects/salesforce/salesforce-error.ts';
import { salesforceHeaders } from '../../src/dialects/salesforce/salesforce-headers.ts';
import { SalesforceOrg } from '../../src/simulator/salesforce/salesforce-org.ts';
import { StandaloneSimulator } from '../../src/simulator/standalone.ts';
import { LeakCheck, MisbehavingUpstream } from '../../src/testing/index.ts';
import type { Answer, SeenRequest } from '../../src/testing/index.ts';

const leaks = LeakCheck.begin();
const org = new SalesforceOrg();
const simulator = new StandaloneSimulator([['/salesforce', org]]);
const random = seededRandom(3);
let upstream: MisbehavingUpstream;

/** The simulator's answer as the upstream plays it. */
function answerTo({ method, path, headers, body }: SeenRequest): Answer {
  const request = { method, path, headers: HeaderList.of(headers), body };
  const {
    status,
    headers: fields,
    streamed,
    ending,
    steps,
  } = simulator.open(request, random, systemClock.wallNow());
  return { status, headers: fields, streamed, broken: ending === 'cut', steps };
}

before(async () => {
  upstream = await MisbehavingUpstream.listen(() => ({ answer: answerTo }));
});

after(async () => {
  await upstream.close();
  await leaks.assertClean();
});

async function token(): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'sim-client',
    client_secret: 'sim-secret',
  });
  const answer = await fetch(`${upstream.url}/salesforce/services/oauth2/token`, {
    method: 'POST',
    body,
  });
  equal(answer.status, 200);
  return ((await answer.json()) as { access_token: string }).access_token;
}

function call(path: string, body: string, bearer: string): Promise<Response> {
  return fetch(`${upstream.url}/salesforce${path}`, {
    method: 'POST',
    body,
    headers: [
      ['authorization', `Bearer ${bearer}`],
      ['content-type', 'application/json;charset=utf-8'],
      ...salesforceHeaders().map(([name, value]): [string, string] => [name, value]),
    ],
  });
}

function invoke(text: string, bearer: string): Promise<Response> {
  const messages = [{ role: 'user', content: text }];
  const asked = { model: 'claude', max_tokens: 500, stream: true, messages };
  const request = nativeRequest(JSON.stringify(asked), 'sim-fast', undefined);
  ok(!isRequestProblem(request));
  return call(request.path, request.body, bearer);
}

describe('a simulated org on a port of its own', () => {
  it('streams a model of Anthropic to a caller with a token', async () => {
    const answer = await invoke('[[tokens=20]] [[gap=1ms]]', await token());
    equal(answer.headers.get('content-type'), EVENT_STREAM_TYPE);
    let text = '';
    let reads = 0;
    const stream = new NativeStream({
      events: (said) => (text += said),
      failed: (error) => ok(false, error.message),
    });
    ok(answer.body);
    for await (const bytes of answer.body as AsyncIterable<Uint8Array>) {
      reads += 1;
      stream.push(bytes);
    }
    equal(stream.finish(), 'whole');
    equal(text.match(/"text_delta"/g)?.length, 20);
    match(text, /^event: message_start\n[^]*event: message_stop\n/);
    ok(!text.includes('amazon-bedrock'));
    ok(reads > 1, 'the frames came as they were made');
  });

  it('answers a question on the documented surface', async () => {
    const messages = [{ role: 'user', content: 'Good morning' }];
    const path = documentedPath('sim-echo', 'chat-generations');
    const answer = await call(path, JSON.stringify({ messages }), await token());
    equal(answer.status, 201);
    const context = {
      id: 'msg_1',
      model: 'm',
      stop: [],
      estimatedInputTokens: 0,
      streamed: true,
      toxicRefuses: false,
    };
    const events = documentedAnswer(await answer.text(), context);
    deepEqual(
      events.map(({ type }: AnswerEvent) => type),
      ['start', 'text', 'usage', 'finish', 'end'],
    );
    ok(events.every((event) => event.type !== 'usage' || event.estimated === false));
  });

  it('refuses a token once it was revoked, and takes the next one', async () => {
    const first = await token();
    org.tokens.revoke(first);
    const refused = await invoke('Hello', first);
    equal(refused.status, 401);
    equal(salesforceError(401, await refused.text()).class, 'authentication');
    equal((await invoke('Hello', await token())).status, 200);
  });

  it('breaks a stream where it is asked to', async () => {
    const answer = await invoke('[[cut@3]]', await token());
    await rejects(answer.arrayBuffer(), /terminated/);
  });

  it('stands beside the providers of models', async () => {
    const answer = await fetch(`${upstream.url}/v1/models`);
    equal(answer.status, 200);
    await answer.text();
  });
});
