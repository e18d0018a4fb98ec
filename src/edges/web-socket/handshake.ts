// Reads a caller's opening handshake in one strict way (RFC 6455 4.2.1), or says why it is none. A
// request that two servers could take for different things is refused: a gateway that tunnels what
// its upstream did not upgrade has smuggled it.

import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { RequestHead } from '../../http1/head.ts';
import type { UpgradeRefusal } from '../http-server/upgrade.ts';

/** What a valid handshake says. */
export interface Handshake {
  readonly key: string;
}

/** 16 bytes in base64: the last character before the padding carries four unused bits, all zero. */
const KEY = /^[+/0-9A-Za-z]{21}[AQgw]==$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether a request means to open a WebSocket, well or badly. */
export function wantsWebSocket(request: RequestHead): boolean {
  if (request.upgrade === 'websocket') return true;
  return request.method === 'GET' && request.headers.has('sec-websocket-key');
}

/** The handshake of a request for which `wantsWebSocket` holds. */
export function readHandshake(request: RequestHead): Handshake | UpgradeRefusal {
  const { headers } = request;
  if (request.method !== 'GET') return malformed('A WebSocket handshake must be a GET.');
  if (request.minor !== 1) return malformed('A WebSocket handshake needs HTTP/1.1.');
  if (request.upgrade !== 'websocket') {
    return malformed(
      'The handshake lacks "Upgrade: websocket" or "Connection: Upgrade"; proxies in front drop them unless told.',
    );
  }
  if (headers.all('upgrade').length > 1) return malformed('Upgrade is repeated.');
  if (request.framing !== 'none' && request.contentLength !== 0) {
    return malformed('A WebSocket handshake has no body.');
  }
  const versions = headers.all('sec-websocket-version');
  if (versions.length !== 1 || versions[0] !== '13') return wrongVersion();
  const keys = headers.all('sec-websocket-key');
  const [key = ''] = keys;
  if (keys.length !== 1 || !KEY.test(key)) {
    return malformed('Sec-WebSocket-Key must be 16 bytes in base64, once.');
  }
  if (subprotocols(headers) === undefined) {
    return malformed('Sec-WebSocket-Protocol must list different tokens.');
  }
  return { key };
}

/** The subprotocols a request offers, in order; `undefined` when the list is not valid. */
export function subprotocols(headers: HeaderList): readonly string[] | undefined {
  const lines = headers.all('sec-websocket-protocol');
  if (lines.length === 0) return [];
  const names = lines.flatMap((line) => line.split(',')).map((name) => name.trim());
  if (new Set(names).size !== names.length) return undefined;
  return names.every((name) => TOKEN.test(name)) ? names : undefined;
}

function malformed(detail: string): UpgradeRefusal {
  return { error: new CallError('BAD_REQUEST', { detail }), status: undefined, fields: [] };
}

/** RFC 6455 4.4: says which version would do. */
function wrongVersion(): UpgradeRefusal {
  return {
    error: new CallError('NOT_SUPPORTED', { detail: 'Only version 13 of WebSocket is offered.' }),
    status: 426,
    fields: [['Sec-WebSocket-Version', '13']],
  };
}
