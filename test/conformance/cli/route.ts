// The way from a client to its upstream for one session: straight, through a gateway of our own, or
// to an instance that somebody else runs.

import { SalesforceOrg } from '../../../src/simulator/salesforce/salesforce-org.ts';
import { SimServer } from '../../../src/testing/sim-server.ts';
import { startGatewayBetween } from '../gateway-between.ts';
import type { CallLine } from '../gateway-between.ts';
import { PlainSimServer } from '../plain-sim-server.ts';
import type { ClientName } from './installation.ts';
import { treatmentsOf } from './scenarios.ts';
import type { Scenario } from './scenarios.ts';

/** The ways that are opened here; anything else is the URL of a running instance. */
export type RouteName = 'direct' | 'gateway';

/** An open way. Ends by `close`. */
export interface ClientRoute {
  /** Without `/v1`. */
  readonly url: string;
  /** Names that the way leads to the misbehaving upstream. */
  readonly models: Readonly<Record<ClientName, string>>;
  /** POSTs that reached the upstream, -1 where it is not in sight. */
  posts(): number;
  /** What is wrong with how the session passed here, empty when nothing is. */
  verdict(): string;
  close(): Promise<void>;
}

const models = { 'claude-code': 'claude-conformance', codex: 'gpt-conformance' } as const;

/** Name of the dialect whose upstream is an org of its own. */
export const SALESFORCE = 'salesforce-models';

const quickHeartbeat = { heartbeat: { every: '200ms', commitAfter: '400ms' } };

/** Opens a way with an upstream that behaves as the scenario says. */
export async function openRoute(
  name: string,
  scenario: Scenario,
  dialect?: string,
): Promise<ClientRoute> {
  if (name !== 'direct' && name !== 'gateway') return runningInstance(name);
  if (dialect === SALESFORCE) return toSimulatedOrg(scenario);
  const upstream = await PlainSimServer.listen(treatmentsOf(scenario));
  const posts = (): number =>
    upstream.requests.filter((request) => request.method === 'POST').length;
  if (name === 'direct') {
    const verdict = (): string => faultsLeft(upstream, scenario);
    return { url: upstream.url, models, posts, verdict, close: () => upstream.close() };
  }
  const between = await startGatewayBetween(upstream.url, {
    simulator: false,
    ...(dialect === undefined ? {} : { dialect }),
    ...(scenario.talkative ? quickHeartbeat : {}),
  });
  return {
    url: between.gateway.url,
    models,
    posts,
    verdict: () => faultsLeft(upstream, scenario) || untold(between.calls, scenario),
    async close() {
      await between.gateway.close(1000);
      await upstream.close();
    },
  };
}

/** A simulated Salesforce org, which has no faults of these scenarios. */
async function toSimulatedOrg({ talkative }: Scenario): Promise<ClientRoute> {
  const upstream = await SimServer.listen({ service: new SalesforceOrg() });
  const between = await startGatewayBetween(upstream.url, {
    simulator: false,
    dialect: SALESFORCE,
    ...(talkative ? quickHeartbeat : {}),
  });
  return {
    url: between.gateway.url,
    models,
    posts: () => upstream.report().requests,
    verdict: () =>
      between.calls.every(({ verdict }) => verdict === 'complete') ? '' : 'not whole',
    async close() {
      await between.gateway.close(1000);
      await upstream.close();
    },
  };
}

function runningInstance(url: string): ClientRoute {
  return { url, models, posts: () => -1, verdict: () => '', close: async () => {} };
}

/** A fault that never struck proves nothing. */
function faultsLeft(upstream: PlainSimServer, scenario: Scenario): string {
  const struck = upstream.requests.filter((request) => request.treatment !== 'answer').length;
  const left = scenario.faults.size - struck;
  return left === 0 ? '' : `${left} of ${scenario.faults.size} faults never struck`;
}

/** Verdicts that tell the truth about an upstream that broke an answer off. */
const truthful: Readonly<Record<string, readonly string[]>> = {
  reset: ['RESET', 'STALE_CONNECTION'],
  rst: ['STREAM_CUT'],
  fin: ['STREAM_CUT'],
  truncate: ['STREAM_TRUNCATED', 'EMPTY_ANSWER'],
};

/** A broken answer stands in the log as one, or was replaced before anyone saw it. */
function untold(calls: readonly CallLine[], scenario: Scenario): string {
  const verdicts = calls.map((call) => call.verdict);
  let replaced = 0;
  for (const call of calls) replaced += call.replays + call.attempts - 1;
  for (const { kind } of scenario.faults.values()) {
    const expected = truthful[kind];
    if (expected === undefined) continue;
    const at = verdicts.findIndex((verdict) => expected.includes(verdict));
    if (at >= 0) verdicts.splice(at, 1);
    else if (replaced > 0) replaced -= 1;
    else return `no verdict tells of "${kind}": ${verdicts.join(', ')}`;
  }
  return '';
}
