// When a token says of itself that it ends. Only tokens in the form of a JWT (RFC 7519) do; others
// are opaque, and any text may look like either. Nothing is verified: that is the upstream's part.

/** A token longer than this is not looked into. */
const TOKEN_CHARS_MAX = 65_536;
/** Some issuers write milliseconds; seconds reach this number in the year 5138. */
const SECONDS_MAX = 1e11;

/** Whether a token has the form of a JWT: three parts between two dots. */
export function isJwt(token: string): boolean {
  return /^[^.]+\.[^.]+\.[^.]*$/.test(token);
}

/** The `exp` of a token in epoch ms; `undefined` where it has none that makes sense. */
export function expiryOf(token: string): number | undefined {
  if (token.length > TOKEN_CHARS_MAX) return undefined;
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  const exp = claimsOf(parts[1] ?? '')?.['exp'];
  if (typeof exp !== 'number' || !Number.isFinite(exp) || exp <= 0) return undefined;
  return exp > SECONDS_MAX ? exp : exp * 1000;
}

function claimsOf(part: string): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
