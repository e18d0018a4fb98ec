import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConvertedRequest } from '../../core/conversion.ts';
import { CallError } from '../../core/errors.ts';
import { HeaderList } from '../../core/header-list.ts';
import { seededRandom } from '../../core/random.ts';
import type { Head } from '../../core/sink.ts';
import { at } from '../../simulator/plan-events.ts';
import { SalesforceOrg } from '../../simulator/salesforce/salesforce-org.ts';
import { testCall } from '../../testing/test-call.ts';
import { SalesforceConversion } from './salesforce-conversion.ts';
import type { SalesforceOptions, SalesforcePair } from './salesforce-conversion.ts';

const WALL_MS = 1_795_176_000_000;
const org = new SalesforceOrg();
const random = seededRandom(9);
const token = org.tokens.issue('sim-client', random, WALL_MS);

/** What the caller hears. */
interface Answered {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly ending: CallError | undefined;
  readonly dropped: readonly string[];
}

const usual: SalesforceOptions = {
  surface: 'native',
  endpoint: 'chat-generations',
  unsupported: 'reject',
  members: {},
  toxic: 'pass',
  betas: undefined,
  appContext: 'EinsteinGPT',
  featureId: 'ai-platform-models-connected-app',
};

const paths: Record<SalesforcePair['from'], string> = {
  anthropic: '/v1/messages',
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
  'openai-embeddings': '/v1/embeddings',
};

/** Sends `body` to the simulated org and its answer back, `cut` bytes at a time. */
function exchange(
  from: SalesforcePair['from'],
  body: object,
  options: Partial<SalesforceOptions> = {},
  cut: number = 7,
): Answered {
  const conversion = new SalesforceConversion({
    from,
    nameOf: (asked) => asked,
    limits: { maxTokens: undefined, defaultMaxTokens: 4_096 },
    options: { ...usual, ...options },
    bearsKey: false,
    answers: { newId: (prefix) => `${prefix}1`, wallNow: () => WALL_MS },
  });
  const headers = HeaderList.of([['content-type', 'application/json']]);
  const call = testCall({ method: 'POST', path: paths[from], headers });
  const request = conversion.request(call, Buffer.from(JSON.stringify(body)));
  ok(!(request instanceof CallError), JSON.stringify(request));
  return back(request, cut);
}

function back({ path, headers, body, dropped, answer }: ConvertedRequest, cut: number): Answered {
  const answered = org.open(
    {
      method: 'POST',
      path,
      headers: headers.with('authorization', `Bearer ${token}`),
      body: Buffer.from(body).toString('utf8'),
    },
    random,
    WALL_MS,
  );
  const { status, steps } = answered;
  const fields = HeaderList.of(answered.headers);
  const head: Head = { status, reason: '', headers: fields, framing: 'chunked', contentLength: -1 };
  const heads: Head[] = [];
  let text = '';
  ok(answer);
  const conversion = answer(head, {
    head: (told) => heads.push(told),
    text: (said) => {
      equal(heads.length, 1, 'one head, before any text');
      text += said;
    },
  });
  for (const { bytes } of steps) {
    const all = Buffer.from(bytes);
    for (let from = 0; from < all.length; from += cut) {
      const lent = Uint8Array.from(all.subarray(from, from + cut));
      conversion.push(lent);
      lent.fill(0xee);
    }
  }
  const ending = conversion.finish();
  const [told] = heads;
  const type = told?.headers.get('content-type') ?? '';
  return { status: told?.status ?? 0, type, text, ending, dropped };
}

const messages = (text: string): object => ({
  messages: [{ role: 'user', content: text }],
});
const anthropic = (text: string, stream = true): object => ({
  model: 'sim-fast',
  max_tokens: 100,
  stream,
  ...messages(text),
});
const chat = (text: string, stream = true): object => ({
  model: 'sim-fast',
  stream,
  ...messages(text),
});
const responses = (text: string, stream = true): object => ({
  model: 'sim-fast',
  stream,
  input: text,
});

const speakers = [
  ['anthropic', anthropic, /event: message_stop\n/],
  ['openai-chat', chat, /data: \[DONE\]\n/],
  ['openai-responses', responses, /event: response\.completed\n/],
] as const;
const surfaces = ['native', 'documented'] as const;

describe('a call that is asked of the Salesforce Models API', () => {
  for (const [from, ask, closing] of speakers) {
    for (const surface of surfaces) {
      it(`is streamed to callers of ${from} from the ${surface} surface`, () => {
        const { status, type, text, ending } = exchange(from, ask('[[tokens=30]]'), { surface });
        equal(ending, undefined);
        equal(status, 200);
        match(type, /^text\/event-stream/);
        match(text, closing);
        ok(!text.includes('amazon-bedrock'));
      });

      it(`is answered in one piece to callers of ${from} from the ${surface} surface`, () => {
        const { status, type, text, ending } = exchange(from, ask('[[tokens=3]]', false), {
          surface,
        });
        deepEqual([status, ending], [200, undefined]);
        match(type, /^application\/json/);
        const { usage } = JSON.parse(text) as { usage: Record<string, number> };
        equal(usage['output_tokens'] ?? usage['completion_tokens'], 3);
      });

      it(`is refused to callers of ${from} with a status by the ${surface} surface`, () => {
        const busy = exchange(from, ask('[[status=423]]'), { surface });
        ok(busy.status === 503 || busy.status === 529, `${busy.status}`);
        equal(exchange(from, ask('[[status=429]]'), { surface }).status, 429);
        const odd = exchange(from, ask('[[json-error]]'), { surface });
        ok(odd.status === 503 || odd.status === 529, `${odd.status} ${odd.text}`);
        equal(odd.ending, undefined);
        const page = exchange(from, ask('[[status=502]] [[html]]'), { surface });
        ok(page.status >= 500 && JSON.parse(page.text) !== undefined);
      });
    }

    it(`never closes a native stream to callers of ${from} that was not whole`, () => {
      for (const fault of ['[[stop@3]]', '[[error@3]]', '[[bad-crc@6]]']) {
        const { text, ending } = exchange(from, ask(`[[tokens=20]] ${fault}`));
        ok(!closing.test(text), `${fault} ${text}`);
        ok(ending !== undefined || /error|response\.failed/.test(text), `${fault} ${text}`);
      }
    });

    it(`does not take an empty stream for an answer to callers of ${from}`, () => {
      const { status, ending } = exchange(from, ask('[[empty]]'));
      ok(ending !== undefined || status >= 500, `${status}`);
    });
  }

  it('says that a prompt is too long in the words that Claude Code acts on', () => {
    const { status, text } = exchange('anthropic', anthropic('x'.repeat(470_000)));
    equal(status, 400);
    match(String(at(JSON.parse(text), 'error.message')), /^prompt is too long: \d+ tokens > \d+/);
  });

  it('says so too when data masking gave up', () => {
    const long = anthropic('x'.repeat(470_000));
    const { status, text } = exchange('anthropic', long, { surface: 'documented' });
    equal(status, 400);
    match(String(at(JSON.parse(text), 'error.message')), /prompt is too long/);
  });

  it('may be for embeddings', () => {
    const body = { model: 'sim-fast', input: ['a', 'b'], encoding_format: 'base64' };
    const { status, text } = exchange('openai-embeddings', body);
    equal(status, 200);
    const packed = String(at(JSON.parse(text), 'data.1.embedding'));
    equal(Buffer.from(packed, 'base64').length, 1_536 * 4);
  });

  it('calls tools over the native surface in the form of Chat', () => {
    const parameters = { type: 'object', properties: { at: { type: 'string' } } };
    const tools = [{ type: 'function', function: { name: 'look', parameters } }];
    const { text, ending } = exchange('openai-chat', { ...chat('[[tool=look]]'), tools });
    equal(ending, undefined);
    match(text, /"tool_calls":\[\{"index":0,"id":"toolu_/);
    match(text, /"finish_reason":"tool_calls"/);
  });
});
