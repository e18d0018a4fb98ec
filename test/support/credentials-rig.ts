// A gateway with stored credentials in front of a simulated Salesforce org or another upstream, on
// one clock that can be put forward, and everything that it says about them: lines of calls, its
// log, metrics and the pages of its admin listener.

import { pino } from 'pino';
import { startGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import type { CredentialView } from '../../src/layers/credentials/credentials-observer.ts';
import type { OrgOptions } from '../../src/simulator/salesforce/org-options.ts';
import { SalesforceOrg } from '../../src/simulator/salesforce/salesforce-org.ts';
import { MisbehavingUpstream, SimServer } from '../../src/testing/index.ts';
import type { Script, SeenRequest } from '../../src/testing/index.ts';
import { adminPages } from '../../src/gateway/admin.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { ForwardClock } from './forward-clock.ts';

/** Credentials as in a configuration file. */
export type Written = Readonly<Record<string, unknown>>;

/** What a caller brings of its own; none of it may reach an upstream with stored credentials. */
export const CALLERS_OWN = {
  authorization: 'Bearer callers-own-bearer',
  'x-api-key': 'callers-own-key',
  cookie: 'session=callers-own-cookie',
} as const;

/** One answer, read to its end. */
interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** One gateway in front of one upstream. Ends by `close`. */
export class CredentialsRig {
  readonly clock: ForwardClock = new ForwardClock();
  /** Everything it has written: lines of calls, and messages of its own. */
  readonly log: string[] = [];
  readonly org: SalesforceOrg;
  #sim: SimServer | undefined;
  #upstream: MisbehavingUpstream | undefined;
  #gateway: Gateway | undefined;

  private constructor(org: SalesforceOrg) {
    this.org = org;
  }

  /** In front of a simulated org. `credentials` may need its address. */
  static async atOrg(
    credentials: (url: string) => Written,
    options: Partial<OrgOptions> = {},
  ): Promise<CredentialsRig> {
    const rig = new CredentialsRig(new SalesforceOrg(options));
    rig.#sim = await SimServer.listen({ service: rig.org, clock: rig.clock, seed: 5 });
    await rig.#start(credentials(rig.#sim.url));
    return rig;
  }

  /** In front of an upstream that follows a script. */
  static async at(credentials: (url: string) => Written, script: Script): Promise<CredentialsRig> {
    const rig = new CredentialsRig(new SalesforceOrg());
    rig.#upstream = await MisbehavingUpstream.listen(script);
    await rig.#start(credentials(rig.#upstream.url));
    return rig;
  }

  get gateway(): Gateway {
    if (this.#gateway === undefined) throw new Error('not started');
    return this.#gateway;
  }

  get upstreamUrl(): string {
    return this.#sim?.url ?? this.#upstream?.url ?? '';
  }

  get requests(): readonly SeenRequest[] {
    return (this.#sim ?? this.#upstream)?.seen.requests ?? [];
  }

  /** Calls that reached the upstream, without those for tokens. */
  get calls(): SeenRequest[] {
    return this.requests.filter(({ path }) => !isTokenPath(path));
  }

  /** Requests for tokens. */
  get tokenRequests(): SeenRequest[] {
    return this.requests.filter(({ path }) => isTokenPath(path));
  }

  /** The `Authorization` fields of the calls, in order. */
  get sent(): (string | undefined)[] {
    return this.calls.map((request) => request.header('authorization'));
  }

  /** The one stored credential, as the admin page shows it. */
  get view(): CredentialView {
    const [view] = this.gateway.views.pages.credentials() as CredentialView[];
    if (view === undefined) throw new Error('no credential is stored');
    return view;
  }

  /** A configuration with these credentials; `undefined` = the caller's own. */
  config(credentials: Written | undefined): Record<string, unknown> {
    const dialect = this.#sim === undefined ? 'plain' : 'salesforce-models';
    const stored = credentials === undefined ? {} : { credentials };
    return {
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      guard: false,
      simulator: false,
      log: { level: 'debug', access: true },
      upstreams: { org: { dialect, profile: 'rest', endpoints: [this.upstreamUrl], ...stored } },
      routes: [{ name: 'all', match: { path: '/**' }, upstreams: ['org'] }],
    };
  }

  /** Asks the org for a completion, or another upstream for a thing; as a caller with its own. */
  async ask(init: RequestInit = {}): Promise<Answered> {
    const path = this.#sim === undefined ? '/things' : '/v1/messages';
    const messages = [{ role: 'user', content: 'Good morning [[tokens=5]]' }];
    const body = JSON.stringify({ model: 'sim-echo', max_tokens: 100, messages });
    const answer = await fetch(`${this.gateway.url}${path}`, {
      method: 'POST',
      body,
      headers: CALLERS_OWN,
      ...init,
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }

  /** Samples of a metric by its labels; 0 where there are none. */
  async metric(name: string): Promise<number> {
    const text = await this.gateway.metricsText();
    const samples = text.split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line));
    return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /** All that the gateway tells of itself: its log, metrics, every page. */
  async told(): Promise<string> {
    const { adminUrl } = this.gateway;
    const paths = ['/metrics', ...Object.keys(adminPages).map((name) => `/api/${name}`)];
    const pages = await Promise.all(
      paths.map(async (path) => {
        const page = await fetch(`${adminUrl}${path}`);
        if (page.status !== 200) throw new Error(`${path}: ${page.status}`);
        return page.text();
      }),
    );
    return [...this.log, ...pages].join('\n');
  }

  /** Waits until the log holds as many lines of calls. */
  async logged(lines: number): Promise<void> {
    const calls = (): number => this.log.filter((line) => line.includes('"verdict"')).length;
    await eventually(
      () => calls() >= lines,
      () => `${lines} lines of calls, not ${calls()}`,
    );
  }

  async close(): Promise<void> {
    await this.#gateway?.close(500);
    await this.#sim?.close();
    await this.#upstream?.close();
  }

  async #start(credentials: Written): Promise<void> {
    const write = (line: string): void => {
      this.log.push(line);
    };
    this.#gateway = await startGateway({
      env: {},
      clock: this.clock,
      config: this.config(credentials),
      openLog: (level) => ({
        log: pino({ level, base: null }, { write }),
        lines: { write },
        end: () => Promise.resolve(),
      }),
    });
  }
}

function isTokenPath(path: string): boolean {
  return path.startsWith('/services/oauth2/') || path === '/token';
}
