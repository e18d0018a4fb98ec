// What can be chosen of a simulated Salesforce org. The defaults are those of an org whose
// administrator has followed the vendor's guide for the Models API.

/** A simulated org. */
export interface OrgOptions {
  /** Secrets by client id, one for each connected app. */
  readonly clients: ReadonlyMap<string, string>;
  /** Life of an access token, in ms. */
  readonly tokenLifeMs: number;
  /** Token answers tell `expires_in`. */
  readonly tellsExpiry: boolean;
  /** The app does not issue JWTs: tokens are opaque, and the API does not take them. */
  readonly opaqueTokens: boolean;
  /** A refresh token that is good at the start. */
  readonly refreshToken: string;
  /** A refresh token is good once, and its answer brings the next one. */
  readonly rotatesRefreshTokens: boolean;
  /** Origin of the org, as it stands in tokens and their answers. */
  readonly instanceUrl: string;
  /** Signs tokens: an org with another one refuses them. */
  readonly signingKey: string;
  /** Generations per minute, over all models; more are answered 429. */
  readonly generationsPerMinute: number;
  /** Characters of a prompt above which data masking gives up. */
  readonly promptCharsMax: number;
}

/**
 * Tokens live two hours, as observed; masking gave up near 460,000 characters in one org; the rate
 * is the documented one.
 */
export const defaultOrgOptions: OrgOptions = {
  clients: new Map([['sim-client', 'sim-secret']]),
  tokenLifeMs: 7_200_000,
  tellsExpiry: false,
  opaqueTokens: false,
  refreshToken: 'sim-refresh',
  rotatesRefreshTokens: true,
  instanceUrl: 'https://sim.my.salesforce.com',
  signingKey: 'holdfast-simulator',
  generationsPerMinute: 10_000,
  promptCharsMax: 460_000,
};
