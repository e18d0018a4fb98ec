// The services that routes of the configuration lead to, over the parts of one engine: the wire or
// WebSockets by profile, the simulator, and answers of the gateway's own.

import type { Clock } from '../core/clock.ts';
import type { Service } from '../core/layer.ts';
import type { Random } from '../core/random.ts';
import { randomIds } from '../dialects/conversion/answer-ids.ts';
import type { WebSocketProxy } from '../edges/web-socket/web-socket-proxy.ts';
import { simulatorService } from '../simulator/simulator.ts';
import type { UpstreamSettings } from './config/settings.ts';
import type { Services } from './route-table.ts';
import type { Stacks } from './stacks.ts';

/** What services are made from. */
export interface WiredParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly stacks: Stacks;
  /** Sends a call over HTTP. */
  readonly wire: Service;
  readonly proxy: WebSocketProxy;
}

/** The services of one engine. */
export function wiredServices({ clock, random, stacks, wire, proxy }: WiredParts): Services {
  return {
    wire: (route, upstreams) => {
      const isWebSocket = upstreams.every(({ profile }) => profile === 'websocket');
      return stacks.wire(route, upstreams, isWebSocket ? sessions(proxy, upstreams) : wire);
    },
    simulator: stacks.simulator(simulatorService({ clock, random })),
    local: (answer) => stacks.local(answer),
    answers: { newId: randomIds(random), wallNow: () => clock.wallNow() },
  };
}

/** Sessions to several upstreams, each by the rules of its own. */
export function sessions(
  proxy: Pick<WebSocketProxy, 'service'>,
  upstreams: readonly UpstreamSettings[],
): Service {
  const services = new Map<string, Service>();
  for (const { name, webSocket } of upstreams) services.set(name, proxy.service(webSocket));
  const [first] = services.values();
  if (first === undefined) return proxy.service();
  if (services.size === 1) return first;
  return (call, sink) => (services.get(call.route.upstream) ?? first)(call, sink);
}
