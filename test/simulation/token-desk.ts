// A simulated token endpoint: gives tokens that live for a short time, sometimes late, sometimes
// not at all, and takes some back before their end. Knows which are good, which is the one truth
// about who has waited or asked for nothing.

import type { Clock } from '../../src/core/clock.ts';
import type { EndpointAnswer, TokenEndpoint } from '../../src/layers/credentials/token-endpoint.ts';
import type { Draw } from './draw.ts';
import type { Complaint } from './peer.ts';

/** How the desk is today. */
type DeskWeather = 'open' | 'busy' | 'hung';

/** The endpoint gives up by itself after so long, ms. */
const HUNG_MS = 10_000;
/** A token that ends while its request is on its way is nobody's fault, ms. */
const ON_THE_WAY_MS = 3_000;
/** An answer of the desk is heard between two steps of the run, ms. */
const HEARD_MS = 1_000;
/** A token is replaced when less of its life than this is left, unless it was taken back. */
const RENEWED_AT_SHARE = 0.5;

interface Token {
  readonly madeAt: number;
  endsAt: number;
  revoked: boolean;
}

/** One token endpoint and its tokens. */
export class TokenDesk implements TokenEndpoint {
  readonly #clock: Clock;
  readonly #draw: Draw;
  readonly #broken: Complaint;
  readonly #tokens = new Map<string, Token>();
  #weather: DeskWeather = 'open';
  #latest: Token | undefined = undefined;
  #asking: number = 0;

  constructor(clock: Clock, draw: Draw, broken: Complaint) {
    this.#clock = clock;
    this.#draw = draw;
    this.#broken = broken;
  }

  /** Another day at the desk. */
  change(): void {
    this.#weather = this.#draw.weighted<DeskWeather>({ open: 0.6, busy: 0.2, hung: 0.2 });
    if (this.#latest !== undefined && this.#draw.chance(0.2)) this.#latest.revoked = true;
  }

  /** Whether a token is there that nobody has to wait for. */
  get hasGoodToken(): boolean {
    const latest = this.#latest;
    if (latest === undefined || latest.revoked) return false;
    const now = this.#clock.now();
    return latest.madeAt + HEARD_MS < now && latest.endsAt > now + ON_THE_WAY_MS;
  }

  /** Whether a request with this field may pass; complains about what should not have been sent. */
  admits(field: string | undefined, id: string): boolean {
    const token = this.#tokens.get(field?.replace(/^Bearer /, '') ?? '');
    if (token === undefined) this.#broken('11: a request came with no token of ours', id);
    else if (token.endsAt + ON_THE_WAY_MS < this.#clock.now()) {
      this.#broken('6: a request came with a token that had ended', id);
    }
    return token !== undefined && !token.revoked;
  }

  post(): Promise<EndpointAnswer> {
    if (this.#asking > 0) this.#broken('6: two ask for one token at once', 'token desk');
    this.#asking += 1;
    const weather = this.#weather;
    const takesMs = weather === 'hung' ? HUNG_MS : this.#draw.scale(5, 3_000);
    return new Promise((resolve, reject) => {
      this.#clock.after(takesMs, () => {
        this.#asking -= 1;
        if (weather === 'hung') reject(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' }));
        else resolve(weather === 'busy' ? { status: 503, headers: {}, body: '' } : this.#give());
      });
    });
  }

  #give(): EndpointAnswer {
    const now = this.#clock.now();
    const seconds = this.#draw.whole(20, 90);
    const last = this.#latest;
    if (last !== undefined && !last.revoked) {
      const left = (last.endsAt - now) / (last.endsAt - last.madeAt);
      if (left > RENEWED_AT_SHARE) this.#broken('6: renewed without need', 'token desk');
    }
    const text = `token-${this.#tokens.size + 1}`;
    this.#latest = { madeAt: now, endsAt: now + seconds * 1_000, revoked: false };
    this.#tokens.set(text, this.#latest);
    return {
      status: 200,
      headers: {},
      body: JSON.stringify({ access_token: text, token_type: 'Bearer', expires_in: seconds }),
    };
  }
}
