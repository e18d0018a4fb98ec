// The configuration of a gateway under soak. Written to a file again and again during a run, each
// time with something changed, so that reloads are part of it.

import type { UpstreamNews } from './upstream-child.ts';

/** Something in it depends on which writing it is. */
export interface ConfigTurn {
  readonly turn: number;
  /** Gives a route another name each time: a leak of series, for trying out the verdict. */
  readonly newNames: boolean;
}

/** Far above what the load has under way: a sound upstream is never short of slots. */
const ROOM = { algorithm: 'fixed', max: 512 };

/** The options, as in a file. */
export function gatewayConfig(ports: UpstreamNews, { turn, newNames }: ConfigTurn): object {
  const sound = `http://127.0.0.1:${ports.soundPort}`;
  const troubled = `http://127.0.0.1:${ports.troubledPort}`;
  const soon = { firstByte: '1s', byteIdle: '1s', byteIdleAfterPing: '1s', progressIdle: '2s' };
  return {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    // The machine is shared with the load; its pauses are not the gateway's.
    guard: false,
    log: { level: 'info', access: true },
    drain: { lag: '0s', ramp: '0s', grace: '10s' },
    upstreams: {
      messages: { dialect: 'anthropic', endpoints: [sound], limit: ROOM },
      chat: { dialect: 'openai-chat', endpoints: [`${sound}/`], limit: ROOM },
      service: { dialect: 'plain', profile: 'rest', endpoints: [sound], limit: ROOM },
      troubled: { dialect: 'anthropic', endpoints: [troubled], timeouts: soon },
      live: { profile: 'websocket', endpoints: [`http://127.0.0.1:${ports.socketPort}`] },
    },
    routes: [
      { name: 'sound', match: { path: '/v1/messages', model: 'sound-*' }, upstreams: ['messages'] },
      {
        name: 'troubled',
        match: { path: '/v1/messages', model: 'troubled-*' },
        upstreams: ['troubled'],
      },
      {
        name: 'spare',
        match: { path: '/v1/messages', model: 'spare-*' },
        upstreams: ['troubled', 'messages'],
      },
      { name: 'chat', match: { path: '/v1/chat/completions' }, upstreams: ['chat'] },
      {
        name: newNames ? `service-${turn}` : 'service',
        match: { path: '/rest/**' },
        upstreams: ['service'],
        retry: { attempts: 2 + (turn % 2) },
      },
      { name: 'live', match: { path: '/live/**' }, upstreams: ['live'] },
    ],
  };
}
