// One connection to an upstream on its way, ready for an HTTP request: TCP with a race between
// address families, a tunnel where a forward proxy stands in between, TLS timed apart. Sockets of
// the pool do not fit here, because they are read past Node's streams, which `ws` lives on.
// Invariant: after `destroy`, or one of `dialReady` and `dialFailed`, its listener hears nothing.

import { request } from 'node:http';
import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';
import type { SecureContext, TLSSocket } from 'node:tls';
import { CallError } from '../../core/errors.ts';
import type { Endpoint } from '../../core/route.ts';

/** Hears of one dial. */
export interface DialEvents {
  /** TCP, or the tunnel, stands. */
  dialConnected(): void;
  /** The connection can be written. */
  dialReady(socket: Socket): void;
  dialFailed(error: CallError): void;
}

/** Reading certificates costs milliseconds, so each endpoint's are read once. */
export class TrustStore {
  readonly #contexts = new WeakMap<Endpoint, SecureContext>();
  #builtIn: SecureContext | undefined = undefined;

  /** What an endpoint's certificate is checked against. Throws on a CA text it cannot read. */
  contextFor(endpoint: Endpoint): SecureContext {
    if (endpoint.ca === undefined) return (this.#builtIn ??= createSecureContext());
    let context = this.#contexts.get(endpoint);
    if (context === undefined) {
      context = createSecureContext({ ca: endpoint.ca });
      this.#contexts.set(endpoint, context);
    }
    return context;
  }
}

/** One dial. */
export class UpstreamDial {
  readonly #endpoint: Endpoint;
  readonly #events: DialEvents;
  readonly #trust: TrustStore;
  readonly #addressAttemptMs: number;
  #stop: () => void = () => {};
  #over: boolean = false;

  constructor(endpoint: Endpoint, events: DialEvents, trust: TrustStore, addressAttemptMs: number) {
    this.#endpoint = endpoint;
    this.#events = events;
    this.#trust = trust;
    this.#addressAttemptMs = addressAttemptMs;
  }

  /** Starts; the listener hears nothing before this returns. */
  start(): void {
    const { proxy } = this.#endpoint;
    if (proxy !== undefined) {
      this.#tunnel(proxy);
      return;
    }
    const { host, port } = this.#endpoint;
    const socket = connectTcp({
      host: bare(host),
      port,
      noDelay: true,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: this.#addressAttemptMs,
    });
    this.#stop = () => socket.destroy();
    const failed = (error: Error): void => this.#fail('CONNECT_FAILED', error);
    socket.on('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      this.#connected(socket);
    });
  }

  /** Gives up. */
  destroy(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stop();
  }

  #tunnel(proxy: string): void {
    const url = URL.parse(proxy.includes('://') ? proxy : `http://${proxy}`);
    if (url === null || url.protocol !== 'http:') {
      const why = new Error('Only http:// proxies are supported.');
      process.nextTick(() => this.#fail('PROXY_REFUSED', why));
      return;
    }
    const { host, port } = this.#endpoint;
    const authority = `${host}:${port}`;
    const headers: Record<string, string> = { Host: authority };
    const secret = credentialsOf(url);
    if (secret !== '') headers['Proxy-Authorization'] = `Basic ${secret}`;
    const at = { host: bare(url.hostname), port: Number(url.port || 80) };
    const asking = request({ ...at, method: 'CONNECT', path: authority, headers, agent: false });
    let reached = false;
    this.#stop = () => asking.destroy();
    asking.on('error', (error) => this.#fail(reached ? 'PROXY_REFUSED' : 'CONNECT_FAILED', error));
    asking.on('socket', (socket) => socket.once('connect', () => (reached = true)));
    asking.on('connect', (answer, socket, early: Buffer) => {
      this.#stop = () => socket.destroy();
      const status = answer.statusCode ?? 0;
      if (status < 200 || status > 299) {
        this.#fail('PROXY_REFUSED', new Error(`It answered ${status}.`));
      } else if (early.length > 0) {
        // An upstream never speaks first.
        this.#fail('PROXY_REFUSED', new Error('It sent bytes behind its answer.'));
      } else this.#connected(socket);
    });
    asking.end();
  }

  #connected(socket: Socket): void {
    if (this.#over) return;
    socket.setNoDelay(true);
    // Finds a dead path below the pings of a session, and before its first one.
    socket.setKeepAlive(true, 15_000);
    this.#events.dialConnected();
    // The listener may have given up meanwhile.
    if (this.#over) return;
    if (this.#endpoint.secure) this.#secure(socket);
    else this.#ready(socket);
  }

  #secure(raw: Socket): void {
    const host = bare(this.#endpoint.host);
    let socket: TLSSocket;
    try {
      socket = connectTls({
        socket: raw,
        host,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        secureContext: this.#trust.contextFor(this.#endpoint),
        ALPNProtocols: ['http/1.1'],
      });
    } catch (cause) {
      const why = new Error('The ca setting cannot be read.', { cause });
      this.#fail('TLS_FAILED', why);
      return;
    }
    this.#stop = () => socket.destroy();
    const failed = (error: Error): void => this.#fail('TLS_FAILED', error);
    raw.on('error', ignore);
    socket.on('error', failed);
    socket.once('secureConnect', () => {
      socket.off('error', failed);
      if (!this.#over) this.#ready(socket);
    });
  }

  #ready(socket: Socket): void {
    this.#over = true;
    // Whoever takes it listens itself, but not before the next turn.
    socket.on('error', ignore);
    this.#events.dialReady(socket);
  }

  #fail(code: 'CONNECT_FAILED' | 'PROXY_REFUSED' | 'TLS_FAILED', cause: Error): void {
    if (this.#over) return;
    this.destroy();
    this.#events.dialFailed(new CallError(code, { detail: describe(cause), cause }));
  }
}

/** The `close` that follows says all there is to say. */
function ignore(): void {}

/** The error's code and words; of a race between addresses, those of each attempt. */
export function describe(error: Error): string {
  if (error instanceof AggregateError) {
    const parts = error.errors.map((one) => describe(one as Error));
    return [...new Set(parts)].join('; ');
  }
  const { code } = error as NodeJS.ErrnoException;
  const words = error.message.trim();
  return code === undefined || words.includes(code) ? words : `${code}: ${words}`;
}

/** A literal IPv6 address stands in brackets in URLs, never in system calls. */
function bare(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

/** User and password of a proxy URL in base64; '' when it has none. */
function credentialsOf({ username, password }: URL): string {
  if (username === '' && password === '') return '';
  const plain = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      // A percent sign that starts no escape stands for itself.
      return text;
    }
  };
  return Buffer.from(`${plain(username)}:${plain(password)}`).toString('base64');
}
