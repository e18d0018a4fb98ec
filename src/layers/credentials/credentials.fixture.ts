// The layer under test between a scripted upstream and recording sinks, with a token endpoint that
// the test answers or that answers by itself, on virtual time.

import assert from 'node:assert/strict';
import type { Call } from '../../core/call.ts';
import { checked } from '../../core/checked.ts';
import { stack } from '../../core/layer.ts';
import { seededRandom } from '../../core/random.ts';
import type { TokenStore } from '../../core/token-store.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import type { RecordingOptions } from '../../testing/recording-sink.ts';
import { ScriptedService } from '../../testing/scripted-service.ts';
import type { ServiceScript } from '../../testing/scripted-service.ts';
import { testCall } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { CommandOutcome } from './command-source.ts';
import { bearerForm } from './credential-settings.ts';
import type { CredentialSettings, OauthSettings } from './credential-settings.ts';
import { credentialsLayer } from './credentials.ts';
import type { CredentialsObserver } from './credentials-observer.ts';
import { defaultCredentialsOptions } from './options.ts';
import type { CredentialsOptions } from './options.ts';
import { Credentials } from './stored-credentials.ts';
import type { EndpointAnswer, TokenEndpoint } from './token-endpoint.ts';

export const SECRET = 'client-secret-0123456789';

export const oauth: OauthSettings = {
  grant: { grant: 'client-credentials' },
  tokenUrl: 'https://login.example/oauth_token.do',
  clientId: 'client',
  clientSecret: SECRET,
  clientAuth: 'body',
  form: [],
  ca: undefined,
};

export const oauthSettings: Extract<CredentialSettings, { kind: 'oauth' }> = {
  kind: 'oauth',
  oauth,
  form: bearerForm,
  ttlMs: undefined,
};

/** Lets everything that was resolved be heard. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) await Promise.resolve();
}

/** One request to the token endpoint, waiting to be answered. */
export interface TokenAsk {
  readonly url: string;
  readonly form: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  answer(status: number, body: unknown, headers?: Record<string, string>): void;
  break(code: string): void;
}

/** An endpoint whose every request waits for `answer`, unless `onAsk` gives one. */
export class ScriptedEndpoint implements TokenEndpoint {
  readonly asks: TokenAsk[] = [];
  inFlight: number = 0;
  inFlightMost: number = 0;
  onAsk: ((ask: TokenAsk, index: number) => void) | undefined = undefined;

  post(
    url: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
  ): Promise<EndpointAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<EndpointAnswer>();
    this.inFlight += 1;
    this.inFlightMost = Math.max(this.inFlightMost, this.inFlight);
    const ask: TokenAsk = {
      url,
      form,
      headers,
      answer: (status, body, fields = {}) => {
        this.inFlight -= 1;
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        resolve({ status, headers: fields, body: text });
      },
      break: (code) => {
        this.inFlight -= 1;
        reject(Object.assign(new Error(`secret words about ${SECRET}`), { code }));
      },
    };
    this.asks.push(ask);
    this.onAsk?.(ask, this.asks.length - 1);
    return promise;
  }

  get last(): TokenAsk {
    const last = this.asks.at(-1);
    assert.ok(last !== undefined, 'nobody asked the token endpoint');
    return last;
  }
}

/** Answers `token 1`, `token 2` and so on, each good for so many seconds. */
export function counting(seconds: number): (ask: TokenAsk, index: number) => void {
  return (ask, index) =>
    ask.answer(200, { access_token: `token-${index + 1}`, expires_in: seconds });
}

/** What a rig may be told. */
export interface RigOptions {
  readonly settings?: CredentialSettings;
  readonly options?: Partial<CredentialsOptions>;
  readonly store?: TokenStore;
  readonly clock?: VirtualClock;
  readonly seed?: number;
}

/** One layer and all around it. The upstream's name is `up`. */
export class CredentialsRig {
  readonly clock: VirtualClock;
  readonly upstream: ScriptedService;
  readonly endpoint = new ScriptedEndpoint();
  readonly credentials: Credentials;
  readonly said: string[] = [];
  readonly waits: number[] = [];
  readonly explanations: string[] = [];
  readonly files = new Map<string, { text: string; changedAt: number }>();
  /** How often a file was read. */
  reads: number = 0;
  command: CommandOutcome = { code: 0, timedOut: false, stdout: '', stderrBytes: 0 };
  readonly #service: (call: Call, sink: RecordingSink) => void;

  constructor(script: ServiceScript, rig: RigOptions = {}) {
    const clock = rig.clock ?? new VirtualClock();
    this.clock = clock;
    this.upstream = new ScriptedService(clock, script);
    const options = { ...defaultCredentialsOptions, ...rig.options };
    const deps = {
      clock,
      random: seededRandom(rig.seed ?? 7),
      observer: this.#observer(),
      endpointOf: () => this.endpoint,
      runCommand: () => Promise.resolve(this.command),
      files: {
        stamp: async (path: string) => String(this.#file(path).changedAt),
        read: async (path: string) => {
          this.reads += 1;
          return this.#file(path).text;
        },
      },
      ...(rig.store === undefined ? {} : { store: rig.store }),
    };
    this.credentials = new Credentials(deps, options);
    this.credentials.configure('up', rig.settings ?? oauthSettings);
    const layer = credentialsLayer({ clock, credentials: this.credentials }, options);
    this.#service = stack([layer], this.upstream.service, { between: checked });
  }

  send(
    options: TestCallOptions = {},
    recording: RecordingOptions = {},
  ): { call: Call; sink: RecordingSink } {
    const { clock } = this;
    const route = { credential: 'up', ...options.route };
    const call = testCall({ ...options, route, now: clock.now() });
    const sink = new RecordingSink({ now: () => clock.now(), ...recording });
    this.#service(call, sink);
    return { call, sink };
  }

  /** Fetches the first token, good for so many seconds, and lets `ms` pass. */
  async begin(seconds: number, ms: number = 0): Promise<void> {
    await this.credentials.warm();
    this.endpoint.last.answer(200, { access_token: 'token-1', expires_in: seconds });
    await settle();
    this.clock.advance(ms);
  }

  /** The authorization of each call that went upstream. */
  get sent(): string[] {
    return this.upstream.calls.map(({ call }) => call.headers.get('authorization') ?? '');
  }

  get view() {
    const [view] = this.credentials.view(this.clock.now());
    assert.ok(view !== undefined);
    return view;
  }

  /** Nothing waits any more, no timer is left. */
  assertNothingLeft(): void {
    assert.equal(this.view.waiting, 0);
    assert.equal(this.clock.nextTimerInMs, undefined);
  }

  #file(path: string): { text: string; changedAt: number } {
    const file = this.files.get(path);
    if (file === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return file;
  }

  #observer(): CredentialsObserver {
    return {
      refreshed: (name, tookMs, lifetimeMs) =>
        this.said.push(`refreshed ${name} ${tookMs} ${lifetimeMs}`),
      refreshFailed: (name, { cause, words, explanation }, consecutive) => {
        this.said.push(`failed ${name} ${cause} ${consecutive}`);
        this.explanations.push(words, explanation);
      },
      replayedAfter401: (name) => this.said.push(`replayed ${name}`),
      waited: (_name, ms) => this.waits.push(ms),
      skew: (name, ms) => this.said.push(`skew ${name} ${Math.round(ms)}`),
      warned: (name, what) => this.said.push(`warned ${name} ${what}`),
      fileUnreadable: (name, { fault, inUse }) =>
        this.said.push(`file of ${name} ${fault}${inUse ? ', an older content is used' : ''}`),
    };
  }
}
