// Parsers for the texts of the configuration that are neither a duration nor a size: addresses,
// URLs, path patterns, header names. Each answers the value or a fault that says what to write.

import { UnitFault } from './units.ts';

/** A place to listen. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s]*)):(\d{1,5})$/;

/** `127.0.0.1:8787`, `localhost:8787`, `[::1]:8787` or `:8787` (loopback). Port 0 = any. */
export function parseAddress(text: string): Address | UnitFault {
  const found = ADDRESS.exec(text);
  const port = Number(found?.[3]);
  if (found === null || port > 65_535) {
    return new UnitFault('is not an address; write for example "127.0.0.1:8787"');
  }
  return { host: found[1] ?? (found[2] === '' ? '127.0.0.1' : (found[2] as string)), port };
}

/** The address as it is written. */
export function formatAddress(address: Address): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** An address only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** An address of an upstream: `https://host[:port][/path]`. */
export function parseEndpointUrl(text: string): URL | UnitFault {
  const url = httpUrl(text);
  if (url === undefined) {
    return new UnitFault('is not an HTTP address; write for example "https://api.example.com"');
  }
  if (url.username !== '' || url.password !== '') {
    return new UnitFault('holds a user or password; move it to credentials.header');
  }
  if (url.search !== '' || url.hash !== '') {
    return new UnitFault('holds a query or fragment; only scheme, host, port and path belong here');
  }
  return url;
}

/** `env` (HTTPS_PROXY and NO_PROXY decide), `none`, or `http://host:port`. */
export function parseProxy(text: string): URL | 'env' | 'none' | UnitFault {
  if (text === 'env' || text === 'none') return text;
  const url = httpUrl(text);
  if (url?.protocol === 'http:' && url.pathname === '/' && url.search === '') return url;
  return new UnitFault('is not a proxy; write "env", "none" or for example "http://proxy:3128"');
}

/** `none`, `connect`, or a path (query allowed) to ask for. */
export function parseHealthCheck(text: string): string | UnitFault {
  if (text === 'none' || text === 'connect' || /^\/[\x21-\x7e]*$/.test(text)) return text;
  return new UnitFault('is no check; write "connect", "none" or for example "/healthz"');
}

/** A text as it may be shown: the user and password of a URL replaced by dots. */
export function withoutUserinfo(text: string): string {
  return text.replace(/^(https?:\/\/)[^/@]*@/, '$1***@');
}

/** A path that starts with a slash and holds no wildcard, query or fragment. */
export function parsePrefix(text: string): string | UnitFault {
  if (/^\/[^*?#\s]*$/.test(text)) return text.endsWith('/') ? text.slice(0, -1) : text;
  return new UnitFault('is not a path prefix; write for example "/servicenow"');
}

/** A path with `*` (within one segment) and `**` (a whole segment: any number of them). */
export function parsePathGlob(text: string): string | UnitFault {
  if (!/^\/[^?#\s]*$/.test(text)) {
    return new UnitFault('is not a path pattern; write for example "/v1/messages" or "/files/**"');
  }
  const bad = text.split('/').some((segment) => segment !== '**' && segment.includes('**'));
  return bad ? new UnitFault('holds ** beside other characters; it must be a whole segment') : text;
}

/** A header name in lower case. */
export function parseHeaderName(text: string): string | UnitFault {
  if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)) return text.toLowerCase();
  return new UnitFault('is not a header name');
}

/** A header value that HTTP allows, without outer white space. */
export function parseHeaderValue(text: string): string | UnitFault {
  const value = text.trim();
  if (value === '') return new UnitFault('is empty');
  if (/^[\t\x20-\x7e\x80-\xff]+$/.test(value)) return value;
  return new UnitFault('holds a character that HTTP does not allow in a header');
}

/** A name that is safe in logs, metrics and paths. */
export function parseName(text: string): string | UnitFault {
  if (/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(text)) return text;
  return new UnitFault(
    'is not a name; use letters, digits, dot, dash and underscore, a letter first',
  );
}

/** So many of something per period. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

const PERIOD_MS: Readonly<Record<string, number>> = { s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3 };

/** `600/m`: a count per second, minute, hour or day. */
export function parseRate(text: string): Rate | UnitFault {
  const found = /^(\d{1,12})\s*\/\s*([smhd])$/.exec(text.trim());
  const count = Number(found?.[1]);
  if (found === null || count === 0) {
    return new UnitFault('is not a rate; write for example "600/m" (per s, m, h or d)');
  }
  return { count, perMs: PERIOD_MS[found[2] as string] as number };
}

/** Shortest key taken: 16 characters of a random text are beyond guessing over a network. */
const KEY_LENGTH_MIN = 16;

/** A key of a caller: visible ASCII, long enough not to be guessed. */
export function parseKey(text: string): string | UnitFault {
  if (!/^[\x21-\x7e]*$/.test(text)) {
    return new UnitFault('holds a character that a key can not have');
  }
  if (text.length >= KEY_LENGTH_MIN) return text;
  return new UnitFault('is too short; make one with "openssl rand -hex 24"');
}

/** A SHA-256 digest in lower-case hex. */
export function parseSha256(text: string): string | UnitFault {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase();
  return new UnitFault('is not a SHA-256 in hex; make one with "printf %s KEY | sha256sum"');
}

function httpUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? url : undefined;
}
