// A gateway in this process and what acceptance tests ask of it besides its answers: what it holds,
// what its breakers have counted, what its metrics say.

import { startGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import type { LeaseKind } from '../../src/core/leases.ts';
import { seededRandom } from '../../src/core/random.ts';
import type { LimitView } from '../../src/layers/admission/admission-observer.ts';
import type { CircuitView } from '../../src/layers/breaker/breaker-observer.ts';
import { allGivenBack, eventually } from '../../src/testing/eventually.fixture.ts';
import type { EndpointView } from '../../src/transport/endpoint-pool.ts';

/** What the gateway stands in front of. */
export interface AcceptanceOptions {
  /** Upstreams as in a configuration file, in the order in which the one route tries them. */
  readonly upstreams: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Further options of the route. */
  readonly route?: Readonly<Record<string, unknown>>;
  readonly edge?: string;
  /** Takes the access log's lines. */
  readonly lines?: string[];
}

/** One gateway under test. Ends by `close`. */
export class AcceptanceGateway {
  readonly gateway: Gateway;
  readonly port: number;

  private constructor(gateway: Gateway) {
    this.gateway = gateway;
    this.port = Number(new URL(gateway.url).port);
  }

  static async start(options: AcceptanceOptions): Promise<AcceptanceGateway> {
    const { upstreams, route, edge = 'own', lines } = options;
    const all = { name: 'all', match: { path: '/**' }, upstreams: Object.keys(upstreams) };
    const config = {
      listen: '127.0.0.1:0',
      admin: 'off',
      edge,
      // A busy test machine is no reason to refuse calls.
      guard: false,
      simulator: false,
      log: { level: 'silent', access: lines !== undefined },
      upstreams,
      routes: [{ ...all, ...route }],
    };
    const log =
      lines === undefined ? {} : { accessLog: { write: (line: string) => lines.push(line) } };
    // Choices and waits are drawn, but the same ones every time.
    const random = seededRandom(17);
    return new AcceptanceGateway(await startGateway({ config, env: {}, random, ...log }));
  }

  get url(): string {
    return this.gateway.url;
  }

  /** Leases of this kind that are out now. */
  held(kind: LeaseKind): number {
    return this.gateway.leases.oldest(Infinity).filter((lease) => lease.kind === kind).length;
  }

  /** Waits until no call and no slot is held; fails with the oldest that is. */
  async restful(withinMs: number = 2_000): Promise<void> {
    await eventually(
      () => this.held('call') + this.held('slot') === 0,
      () => `no call and no slot to be held; ${JSON.stringify(this.gateway.leases.oldest(5))}`,
      withinMs,
    );
  }

  /** The limits of the upstreams, in their order. */
  limits(): LimitView[] {
    return this.gateway.views.pages.limits() as LimitView[];
  }

  /** Calls that wait for a slot. */
  queued(): number {
    return this.limits().reduce((sum, { queued }) => sum + queued.default, 0);
  }

  endpoint(url: string): EndpointView | undefined {
    const all = this.gateway.views.pages.endpoints() as EndpointView[];
    return all.find(({ key }) => key === url);
  }

  /** The circuits of the endpoint at `url`, that of its address included. */
  circuits(url: string): CircuitView[] {
    const all = this.gateway.views.pages.breakers() as CircuitView[];
    return all.filter(({ endpoint }) => endpoint === url);
  }

  /** Failures that the breakers of the endpoint at `url` remember; an attempt counts in each. */
  failures(url: string): number {
    const each = this.circuits(url).map(({ calls, successRate }) => calls * (1 - successRate));
    return Math.round(Math.max(0, ...each));
  }

  /** Sum of all samples of one metric. */
  async metric(name: string): Promise<number> {
    const text = await this.gateway.metricsText();
    const samples = text.split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line));
    return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /** Proves that no call holds anything any more, and closes. */
  async close(): Promise<void> {
    try {
      await this.restful();
    } finally {
      await this.gateway.close(0);
    }
    await allGivenBack(this.gateway.leases);
  }
}
