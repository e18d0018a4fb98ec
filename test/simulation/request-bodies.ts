// The requests of simulated callers, as large as they are told to be, and the check of a peer that
// every byte of one has come, once and in its place.

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789-';
/** No two places of a body look alike to a check, since 37 divides no size of a buffer. */
const PATTERN = LETTERS.repeat(6_000);

/** A request with `size` characters of input, in the form of its path. */
export function requestBody(path: string, size: number): Buffer {
  const text = PATTERN.slice(0, size);
  const input = path === '/v1/responses' ? text : undefined;
  const messages = input === undefined ? [{ role: 'user', content: text }] : undefined;
  return Buffer.from(JSON.stringify({ model: 'm', max_tokens: 99, stream: true, input, messages }));
}

/** Whether a body has the `size` characters of input that its caller has sent, and is whole. */
export function isWholeRequest(body: string, size: number): boolean {
  const input = PATTERN.slice(0, size);
  return isJson(body) && body.includes(`"${input}"`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
