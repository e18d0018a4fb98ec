// JSON that keeps its numbers. A number longer than a double holds (an id of 19 digits in the
// arguments of a tool) would come out changed after one parse and one print; here it is carried as
// the digits that were written. Nothing here throws: nesting that is too deep gives undefined.

/** A run of digits that a double may not hold: 2^53 has 16. */
const LONG_NUMBER = /\d{16}/;

interface ReviverContext {
  readonly source?: string;
}

/** What the compiler's library does not declare. Source: TC39, JSON.parse source text access. */
interface SourceTextJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: ReviverContext) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
}

const json = JSON as unknown as SourceTextJson;

/**
 * The value of a JSON text, or undefined when it is none. Numbers that a double cannot hold are
 * opaque values which print as they were written. As cheap as `JSON.parse` on texts without them.
 */
export function parseExact(text: string): unknown {
  try {
    return LONG_NUMBER.test(text) ? json.parse(text, keptDigits) : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** The value as JSON text, or undefined when it is nested deeper than the stack reaches. */
export function printJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function keptDigits(_key: string, value: unknown, { source }: ReviverContext): unknown {
  if (typeof value !== 'number' || source === undefined || source.length < 16) return value;
  return String(value) === source ? value : json.rawJSON(source);
}
