// What each official client is to be told, whoever answers: claims written once, of which the suite
// of an upstream makes its tests. Invariant: a claim knows a client and what it says, never an
// upstream; what differs from one upstream to the next is handed in.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { APIError } from 'openai';
import type { Answer, ModelClient, Picture } from './model-clients.ts';

/** Which client. */
export type ClientName = ModelClient['name'];

/** One claim about one client, in one way of asking. */
export interface Claim {
  /** A sentence with the client in it: the name of the test. */
  readonly title: (name: ClientName) => string;
  readonly holds: (client: ModelClient, stream: boolean) => Promise<void>;
}

/** The claims of one suite, in the order of its tests. */
export interface Claims {
  /** Made of a document and of a stream. */
  readonly eitherWay: readonly Claim[];
  /** Made once, after those; `stream` is true. */
  readonly once: readonly Claim[];
}

const clientNames: readonly ClientName[] = ['anthropic', 'openai-chat', 'openai-responses'];

/** The same text and length each time. */
const SAID = '[[seed=7]] [[tokens=40]]';

/** Makes the tests of every client. `clients` is called while a test runs, not before. */
export function claimOfEveryClient(clients: () => readonly ModelClient[], claims: Claims): void {
  const holds = (claim: Claim, name: ClientName, stream: boolean): Promise<void> => {
    const client = clients().find((candidate) => candidate.name === name);
    ok(client !== undefined);
    return claim.holds(client, stream);
  };
  for (const name of clientNames) {
    for (const stream of [false, true]) {
      const how = stream ? 'a stream' : 'a document';
      for (const claim of claims.eitherWay) {
        it(`${claim.title(name)}, in ${how}`, () => holds(claim, name, stream));
      }
    }
    for (const claim of claims.once) it(claim.title(name), () => holds(claim, name, true));
  }
}

/** A text arrives whole, with its end and its length; `alsoHolds` says what else does then. */
export function tellsText(alsoHolds: (answer: Answer, name: ClientName) => void): Claim {
  return {
    title: (name) => `tells ${name} a text`,
    async holds(client, stream) {
      const answer = await client.ask({ text: SAID, stream });
      ok(answer.text.length > 40, answer.text);
      equal(answer.stop, 'stop');
      equal(answer.outputTokens, 40);
      alsoHolds(answer, client.name);
    },
  };
}

/** A stream says what a document says. */
export const tellsTheSame: Claim = {
  title: (name) => `tells ${name} the same either way`,
  async holds(client) {
    const streamed = await client.ask({ text: SAID, stream: true });
    const whole = await client.ask({ text: SAID, stream: false });
    ok(whole.text.length > 40, whole.text);
    equal(streamed.text, whole.text);
  },
};

/** Two calls of a tool arrive with their arguments. */
export const callsTools: Claim = {
  title: (name) => `has ${name} call tools`,
  async holds(client, stream) {
    const text = '[[tools=2]] What is the weather?';
    const answer = await client.ask({ text, stream, tools: true });
    equal(answer.calls.length, 2);
    equal(answer.stop, 'tools');
    for (const call of answer.calls) {
      equal(call.name, 'get_weather');
      equal(typeof (call.input as { city: unknown }).city, 'string');
    }
  },
};

/** One point, in two formats, and an address. */
const PICTURES: readonly Picture[] = [
  {
    mediaType: 'image/png',
    base64:
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  },
  { mediaType: 'image/gif', base64: 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7' },
  { url: 'https://pictures.example/one.png?size=2&x=a%20b' },
];

/** Pictures reach the model byte by byte; `seen` reads those that the upstream was given last. */
export function showsPictures(seen: () => readonly Picture[]): Claim {
  return {
    title: (name) => `shows pictures of ${name} to the model`,
    async holds(client, stream) {
      const answer = await client.ask({ text: SAID, stream, pictures: PICTURES });
      equal(answer.stop, 'stop');
      deepEqual(seen(), PICTURES);
    },
  };
}

/** An upstream that knows no such thing is not even asked; the refusal says what it is about. */
export function refusesWhatIsUnknown(
  what: 'tools' | 'pictures',
  requestCount: () => number,
): Claim {
  const more = what === 'tools' ? { tools: true } : { pictures: PICTURES };
  return {
    title: (name) => `refuses the ${what} of ${name} and says why`,
    async holds(client, stream) {
      const before = requestCount();
      await rejects(client.ask({ text: 'What is this?', stream, ...more }), (error) => {
        ok(isApiError(error));
        equal(error.status, 400);
        match(error.message, what === 'tools' ? /tools/ : /image/);
        return true;
      });
      equal(requestCount(), before);
    },
  };
}

/** A refusal keeps its status and its wait, and the client knows it for one. */
export const refuses: Claim = {
  title: (name) => `refuses ${name} in its own words`,
  async holds(client, stream) {
    const asking = client.ask({ text: '[[status=429]] [[retry-after=3]]', stream });
    await rejects(asking, (error) => {
      ok(isApiError(error));
      equal(error.status, 429);
      equal(error.headers?.get('retry-after'), '3');
      match(error.message, /rate/i);
      return true;
    });
  },
};

/** An answer with any of these faults, in the simulator's words, is an error to the client. */
export function failsOn(title: Claim['title'], faults: readonly string[]): Claim {
  return {
    title,
    async holds(client, stream) {
      for (const fault of faults) {
        await rejects(client.ask({ text: `[[tokens=40]] ${fault}`, stream }), fault);
      }
    },
  };
}

/** Whether a client of either vendor threw it as an error of the API. */
export function isApiError(error: unknown): error is APIError {
  return error instanceof APIError || error instanceof Anthropic.APIError;
}
