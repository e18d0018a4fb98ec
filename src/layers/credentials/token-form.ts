// Whether the tokens of one credential have the form that their upstream takes. Some APIs answer
// 404 to an opaque token, and nobody looks for a token behind that. Pure.

import { isJwt } from './jwt-claims.ts';
import type { RenewalWarning } from './renewal-tally.ts';

const OPAQUE =
  'The token is opaque, and this API takes JSON Web Tokens alone: let the client issue those.';

/** The form of the last token. */
export class TokenForm {
  readonly #jwtOnly: boolean;
  #isOpaque: boolean = false;

  constructor(jwtOnly: boolean) {
    this.#jwtOnly = jwtOnly;
  }

  /** What a person should change; '' = nothing. */
  get advice(): string {
    return this.#isOpaque ? OPAQUE : '';
  }

  /** A token came. Warns once, until one of the right form has come. */
  issued(token: string): RenewalWarning | undefined {
    const before = this.#isOpaque;
    this.#isOpaque = this.#jwtOnly && !isJwt(token);
    return this.#isOpaque && !before ? 'opaque-token' : undefined;
  }
}
