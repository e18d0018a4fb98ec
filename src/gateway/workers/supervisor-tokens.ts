// The tokens that the supervisor keeps for all workers, as one of them sees them.
// Invariant: each question is answered, or fails when the supervisor is gone; how long that may
// take is for whoever asks to say.

import type { StoredToken, TokenLease, TokenStore } from '../../core/token-store.ts';
import type { TokenAsk } from './crew-tokens.ts';

/** The store of the supervisor. Ends by `close`. */
export class SupervisorTokens implements TokenStore {
  readonly #say: (id: number, ask: TokenAsk) => void;
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>();
  #questions: number = 0;
  #closed: boolean = false;

  constructor(say: (id: number, ask: TokenAsk) => void) {
    this.#say = say;
  }

  async lease(name: string, forMs: number): Promise<TokenLease | undefined> {
    const lease = await this.#ask({ op: 'lease', name, forMs });
    if (typeof lease !== 'number') return undefined;
    return {
      release: async () => {
        await this.#ask({ op: 'release', lease });
      },
    };
  }

  async read(name: string): Promise<StoredToken | undefined> {
    // Written by another worker of the same version.
    return (await this.#ask({ op: 'read', name })) as StoredToken | undefined;
  }

  async write(name: string, token: StoredToken): Promise<boolean> {
    return (await this.#ask({ op: 'write', name, token })) === true;
  }

  /** The supervisor has answered. */
  hear(id: number, value: unknown): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    asked?.resolve(value);
  }

  /** The supervisor is gone. */
  close(): void {
    this.#closed = true;
    for (const asked of this.#asked.values()) asked.reject(gone());
    this.#asked.clear();
  }

  async #ask(ask: TokenAsk): Promise<unknown> {
    if (this.#closed) throw gone();
    this.#questions += 1;
    const asked = Promise.withResolvers<unknown>();
    this.#asked.set(this.#questions, asked);
    this.#say(this.#questions, ask);
    return asked.promise;
  }
}

function gone(): Error {
  return new Error('the supervisor is gone');
}
