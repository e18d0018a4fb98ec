// Rules for the options of WebSocket sessions: what is set but takes no effect is said.

import { defaultWebSocketOptions } from '../../edges/web-socket/options.ts';
import { webSocketOf } from './layer-settings.ts';
import type { Path, Problem } from './problem.ts';
import type { UpstreamConfig } from './schema-upstream.ts';
import { profileOf } from './settings.ts';

const usual = defaultWebSocketOptions;

/** Where options are set that nothing obeys; `path` is that of the upstream. */
export function webSocketProblems(path: Path, upstream: UpstreamConfig): Problem[] {
  const options = webSocketOf(upstream);
  const isUsual =
    options.pingMs === usual.pingMs &&
    options.pongMs === usual.pongMs &&
    options.messageBytes === usual.messageBytes &&
    options.backlogBytes === usual.backlogBytes &&
    options.stallMs === usual.stallMs;
  const profile = profileOf(upstream);
  if (profile !== 'websocket' && !isUsual) {
    const message = `has no effect with profile ${profile}; set profile: websocket or remove it`;
    return [{ severity: 'warning', path: [...path, 'webSocket'], message }];
  }
  if (options.pingMs === Infinity && options.pongMs !== usual.pongMs) {
    const message = 'has no effect while ping is none; set a ping or remove it';
    return [{ severity: 'warning', path: [...path, 'webSocket', 'pong'], message }];
  }
  return [];
}
