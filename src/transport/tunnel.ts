// The opening of a tunnel through a forward proxy (CONNECT, RFC 9110 9.3.6): what to send, and what
// the answer means. Owns no socket. Refuses proxies that are not plain http and answers with bytes
// behind their head, because an upstream never speaks first.

import { CallError } from '../core/errors.ts';
import { HeadBuffer } from '../http1/head-buffer.ts';
import type { HeadLimits } from '../http1/head.ts';
import { HttpFault } from '../http1/head.ts';
import { parseResponseHead } from '../http1/response-parser.ts';

/** A host and port as `net.connect` takes them. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** One tunnel being opened. */
export class Tunnel {
  readonly proxy: Address;
  /** What to send to the proxy, as latin1 text. */
  readonly request: string;
  /** Facts of the TCP connection to the proxy. */
  address: string = '';
  tookMs: number = 0;
  waitedMs: number = 0;
  readonly #limits: HeadLimits;
  readonly #head: HeadBuffer;

  private constructor(proxy: Address, request: string, limits: HeadLimits) {
    this.proxy = proxy;
    this.request = request;
    this.#limits = limits;
    this.#head = new HeadBuffer(limits, false);
  }

  /** A tunnel to `target` through the proxy at this URL, or why there can be none. */
  static toward(proxyUrl: string, target: Address, limits: HeadLimits): Tunnel | CallError {
    const url = URL.parse(proxyUrl.includes('://') ? proxyUrl : `http://${proxyUrl}`);
    if (url === null) return refusal('The proxy setting is not a URL.');
    if (url.protocol !== 'http:') {
      return refusal(`Only http:// proxies are supported, not ${url.protocol}//.`);
    }
    const host = target.host.includes(':') ? `[${target.host}]` : target.host;
    const authority = `${host}:${target.port}`;
    let request = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n`;
    if (url.username !== '' || url.password !== '') {
      const secret = decoded(`${url.username}:${url.password}`);
      if (secret === undefined) return refusal('The credentials in the proxy setting are garbled.');
      request += `Proxy-Authorization: Basic ${Buffer.from(secret).toString('base64')}\r\n`;
    }
    const proxy = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 80) };
    return new Tunnel(proxy, `${request}\r\n`, limits);
  }

  connected(address: string, tookMs: number, waitedMs: number): void {
    this.address = address;
    this.tookMs = tookMs;
    this.waitedMs = waitedMs;
  }

  /** Takes bytes from the proxy. */
  read(bytes: Buffer): 'more' | 'open' | CallError {
    const past = this.#head.feed(bytes, 0, bytes.length);
    if (past === -1) return 'more';
    if (past === -2) return refusal('The answer of the proxy is too long.');
    const { bytes: text, from, to } = this.#head;
    const head = parseResponseHead(text, from, to, this.#limits, 'CONNECT');
    if (head instanceof HttpFault) return refusal(head.detail);
    if (head.status < 200 || head.status > 299) {
      return refusal(`It answered ${head.status} ${head.reason}.`.replace(' .', '.'));
    }
    return past === bytes.length ? 'open' : refusal('It sent bytes behind its answer.');
  }
}

function refusal(detail: string): CallError {
  return new CallError('PROXY_REFUSED', { detail });
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that starts no escape.
    return undefined;
  }
}
