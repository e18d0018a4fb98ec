// What TLS remembers between connections: sessions, so that a handshake can be short, and contexts,
// because reading certificates costs milliseconds. Invariant: at most `SESSIONS_MAX` sessions.

import type { SecureContext } from 'node:tls';
import { createSecureContext } from 'node:tls';
import type { Endpoint } from '../core/route.ts';

/** One per endpoint; the one least lately renewed goes first. */
const SESSIONS_MAX = 256;

/** Sessions and contexts by endpoint. */
export class TlsMemory {
  readonly #sessions = new Map<string, Buffer>();
  readonly #contexts = new WeakMap<Endpoint, SecureContext>();
  #defaultContext: SecureContext | undefined = undefined;

  session(key: string): Buffer | undefined {
    return this.#sessions.get(key);
  }

  keepSession(key: string, session: Buffer): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    if (this.#sessions.size <= SESSIONS_MAX) return;
    for (const oldest of this.#sessions.keys()) {
      this.#sessions.delete(oldest);
      return;
    }
  }

  forgetSession(key: string): void {
    this.#sessions.delete(key);
  }

  /** The context for an endpoint. Throws on a CA text that cannot be read. */
  context(endpoint: Endpoint): SecureContext {
    if (endpoint.ca === undefined) return (this.#defaultContext ??= createSecureContext());
    let context = this.#contexts.get(endpoint);
    if (context === undefined) {
      context = createSecureContext({ ca: endpoint.ca });
      this.#contexts.set(endpoint, context);
    }
    return context;
  }
}
