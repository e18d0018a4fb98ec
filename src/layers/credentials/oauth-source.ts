// Fetches tokens from an OAuth token endpoint. A few attempts within one renewal, for failures of
// the moment alone: what the endpoint refuses is never asked again, since passwords lock.

import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import { ClockSkew } from './clock-skew.ts';
import type { OauthSettings } from './credential-settings.ts';
import { grantOf, tokenRequest } from './oauth-grants.ts';
import type { Grant } from './oauth-grants.ts';
import type { CredentialsOptions } from './options.ts';
import { pauseFor } from './pause-for.ts';
import { readAnswer } from './token-answer.ts';
import type { AnswerReading } from './token-answer.ts';
import type { EndpointAnswer, TokenEndpoint } from './token-endpoint.ts';
import { fetchFailure } from './token-source.ts';
import type { FetchResult, TokenSource } from './token-source.ts';

/** What the source is given. */
export interface OauthSourceDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly endpoint: TokenEndpoint;
}

/** One client at one endpoint. */
export class OauthSource implements TokenSource {
  readonly #deps: OauthSourceDeps;
  readonly #settings: OauthSettings;
  readonly #options: CredentialsOptions;
  readonly #grant: Grant;
  readonly #skew = new ClockSkew();

  /** `before`: the source whose place it takes. */
  constructor(
    deps: OauthSourceDeps,
    settings: OauthSettings,
    options: CredentialsOptions,
    before?: OauthSource,
  ) {
    this.#deps = deps;
    this.#settings = settings;
    this.#options = options;
    const handed = before === undefined ? undefined : before.#grantFor(settings);
    this.#grant = handed ?? grantOf(settings.grant);
  }

  get skewMs(): number {
    return this.#skew.ms;
  }

  get rotates(): boolean {
    return this.#grant.rotates;
  }

  adopt(refreshToken: string): void {
    this.#grant.adopt(refreshToken);
  }

  async fetch(): Promise<FetchResult> {
    for (let attempt = 1; ; attempt += 1) {
      const { result, again } = await this.#ask();
      if (result.ok) {
        // At once, also when nobody waits for the answer any more: the old one may be void.
        if (result.refreshToken !== undefined) this.#grant.adopt(result.refreshToken);
        return result;
      }
      const waitMs = this.#waitMs(attempt, result.retryAfterMs);
      if (!again || waitMs === undefined) return result;
      await pauseFor(this.#deps.clock, waitMs);
    }
  }

  /**
   * The grant as it stands, for settings that begin with the same one: the refresh token that they
   * name may be used up, and only the grant knows its successor.
   */
  #grantFor({ grant, tokenUrl }: OauthSettings): Grant | undefined {
    const own = this.#settings;
    const isSame = tokenUrl === own.tokenUrl && isDeepStrictEqual(grant, own.grant);
    return isSame ? this.#grant : undefined;
  }

  async #ask(): Promise<AnswerReading> {
    const { clock, endpoint } = this.#deps;
    let answer: EndpointAnswer;
    try {
      const request = tokenRequest(this.#settings, this.#grant, clock.wallNow() + this.#skew.ms);
      answer = await endpoint.post(this.#settings.tokenUrl, request.form, request.headers);
    } catch (error) {
      const words = `The token endpoint gave no answer${codeOf(error)}.`;
      return { result: fetchFailure('unreachable', words), again: true };
    }
    const wallNow = clock.wallNow();
    this.#skew.sample(answer.headers['date'], wallNow);
    const secrets = [this.#settings.clientSecret, ...this.#grant.secrets];
    return readAnswer(answer, wallNow + this.#skew.ms, secrets);
  }

  /** The wait before the next attempt, in ms; `undefined` = there is none. */
  #waitMs(attempt: number, askedMs: number): number | undefined {
    const { attemptsMax, attemptBaseMs, attemptMsMax } = this.#options;
    if (attempt >= attemptsMax || askedMs > attemptMsMax) return undefined;
    const drawn =
      this.#deps.random.next() * Math.min(attemptMsMax, attemptBaseMs * 2 ** (attempt - 1));
    return Math.max(askedMs, drawn);
  }
}

/** The code of a network error; its message may hold anything. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,49}$/.test(code) ? ` (${code})` : '';
}
