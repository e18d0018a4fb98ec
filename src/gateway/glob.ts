// Patterns with `*` in names and values, and with `*` and `**` in paths, compiled once. The common
// forms cost one comparison; the rest become a regular expression, and never one a caller wrote.

/** Says whether a text fits a pattern. */
export interface Matcher {
  matches(text: string): boolean;
}

class Exact implements Matcher {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  matches(text: string): boolean {
    return text === this.#text;
  }
}

class Prefix implements Matcher {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  matches(text: string): boolean {
    return text.startsWith(this.#prefix);
  }
}

/** A path itself and everything below it. */
class Below implements Matcher {
  readonly #path: string;
  readonly #folder: string;

  constructor(path: string) {
    this.#path = path;
    this.#folder = `${path}/`;
  }

  matches(text: string): boolean {
    return text.startsWith(this.#folder) || text === this.#path;
  }
}

class Pattern implements Matcher {
  readonly #pattern: RegExp;

  constructor(source: string) {
    this.#pattern = new RegExp(`^${source}$`, 's');
  }

  matches(text: string): boolean {
    return this.#pattern.test(text);
  }
}

/** A name or value in which `*` stands for any characters. */
export function nameMatcher(pattern: string): Matcher {
  const star = pattern.indexOf('*');
  if (star < 0) return new Exact(pattern);
  if (star === pattern.length - 1) return new Prefix(pattern.slice(0, -1));
  return new Pattern(pattern.split('*').map(escaped).join('.*'));
}

/** A path in which `*` stands within one segment and a segment `**` for any number of them. */
export function pathMatcher(pattern: string): Matcher {
  if (!pattern.includes('*')) return new Exact(pattern);
  const parent = pattern.endsWith('/**') ? pattern.slice(0, -3) : undefined;
  if (parent !== undefined && !parent.includes('*')) return new Below(parent);
  const source = pattern
    .split('/')
    .slice(1)
    .map((segment) => (segment === '**' ? '(?:/[^/]*)*' : `/${segmentSource(segment)}`));
  return new Pattern(source.join(''));
}

function escaped(text: string): string {
  return RegExp.escape(text);
}

function segmentSource(segment: string): string {
  return segment.split('*').map(escaped).join('[^/]*');
}
