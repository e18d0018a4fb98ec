// What callers hear when nothing goes wrong: every path is called once over a peer in fair weather,
// for each dialect its upstream can speak. Whether a converted answer means the same is shown by
// the suites of the conversions; here it is only told from a part of itself.

import { anonymousCaller } from '../../src/core/caller.ts';
import { Leases } from '../../src/core/leases.ts';
import { seededRandom } from '../../src/core/random.ts';
import { BufferBudget } from '../../src/core/replay-body.ts';
import { Sweep } from '../../src/core/sweep.ts';
import { noCredentials } from '../../src/gateway/no-credentials.fixture.ts';
import { testEndpoint } from '../../src/testing/test-call.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { defaultTransportOptions } from '../../src/transport/transport-options.ts';
import { Transport } from '../../src/transport/transport.ts';
import { Draw } from './draw.ts';
import { SimulatedNetwork } from './network.ts';
import { Peer } from './peer.ts';
import { TokenDesk } from './token-desk.ts';
import {
  completionPaths,
  simulatedGateway,
  singlePlan,
  upstreamDialects,
} from './simulated-gateway.ts';
import { essence, VirtualCaller } from './virtual-caller.ts';

const PORT = 9_000;
let remembered: ReadonlyMap<string, readonly string[]> | undefined;

/** Whole answers by path, one for each dialect of an upstream, without what `essence` drops. */
export function fairAnswers(): ReadonlyMap<string, readonly string[]> {
  remembered ??= new Map(
    completionPaths.map((path) => [
      path,
      upstreamDialects.map((dialect) => essence(fairAnswer(path, dialect))),
    ]),
  );
  return remembered;
}

function fairAnswer(path: string, dialect: string): string {
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const draw = new Draw(seededRandom(2));
  const sweep = new Sweep(clock);
  const leases = new Leases(clock);
  const network = new SimulatedNetwork(clock);
  network.add(
    testEndpoint(PORT).key,
    new Peer(clock, draw, complain, new TokenDesk(clock, draw, complain)),
  );
  const deps = { clock, random, leases, sweep };
  const transport = new Transport({ ...deps, connector: network }, defaultTransportOptions);
  const calls = { callStarted: () => {}, callEnded: () => {} };
  const gateway = simulatedGateway(
    { ...deps, calls, credentials: noCredentials(deps) },
    singlePlan(path, dialect, PORT),
    transport.service,
  );
  const [place] = gateway.places;
  if (place === undefined) throw new Error(`no place for ${path}`);
  const { route, service } = place.destination;
  const caller = new VirtualCaller(
    {
      clock,
      draw,
      service,
      budget: new BufferBudget(1_000_000),
      wholeAnswers: () => [essence(caller.text)],
      broken: complain,
      done: () => {},
    },
    {
      id: `${path} ${dialect}`,
      path,
      route,
      caller: anonymousCaller,
      inputSize: 10,
      parts: 1,
      uploadMs: 0,
      sized: true,
      leavesMs: Number.POSITIVE_INFINITY,
      slow: false,
      token: false,
    },
  );
  caller.send();
  clock.advance(600_000);
  gateway.close();
  transport.destroy();
  if (!caller.over || caller.error !== undefined || caller.status !== 200) {
    throw new Error(`${path} over ${dialect}: ${caller.error?.message ?? caller.text}`);
  }
  return caller.text;
}

function complain(promise: string, id: string): never {
  throw new Error(`${promise} (${id})`);
}
