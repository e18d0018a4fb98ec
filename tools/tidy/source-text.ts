// Reads TypeScript far enough to tell code from comments and strings. Not a parser: it knows only
// where literals begin and end, which is what text rules need in order not to cry wolf.
// Invariant: both views have the length and the line breaks of the text they were made from.

/** One file in the views that rules read. */
export interface SourceText {
  readonly text: string;
  /** The text with the inside of comments, strings and regular expressions blanked. */
  readonly code: string;
  /** The text with everything but comments blanked. */
  readonly comments: string;
}

/** One import or re-export with the module it names. */
export interface ImportLine {
  readonly specifier: string;
  readonly line: number;
  /** Vanishes when types are stripped. */
  readonly typeOnly: boolean;
}

const REGEX_MAY_FOLLOW = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|void|throw))$/;
const IMPORT = /\b(?:import|export)\b(\s+type\b)?[^;'"`()]*?\bfrom\s*['"]|\bimport\s*\(?\s*['"]/g;

/** Splits a source text into its views. */
export function sourceText(text: string): SourceText {
  const reader = new Reader(text);
  reader.readCode(false);
  return { text, code: reader.code.join(''), comments: reader.comments.join('') };
}

/** Every static or dynamic import with a literal specifier, in order. */
export function importLines(source: SourceText): ImportLine[] {
  const found: ImportLine[] = [];
  for (const match of source.code.matchAll(IMPORT)) {
    const start = match.index + match[0].length;
    const quote = source.text[start - 1] ?? "'";
    const specifier = source.text.slice(start, source.text.indexOf(quote, start));
    found.push({ specifier, line: lineAt(source.text, start), typeOnly: match[1] !== undefined });
  }
  return found;
}

/** The line number, counted from one, of a place in a text. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}

class Reader {
  readonly code: string[];
  readonly comments: string[];
  readonly #text: string;
  #at = 0;
  /** Code since the last literal, to tell division from a regular expression. */
  #before = '';

  constructor(text: string) {
    this.#text = text;
    // By code unit: the views must have the length of the text.
    this.code = text.replaceAll(/[^\n]/g, ' ').split('');
    this.comments = this.code.slice();
  }

  /** Reads code until the end, or until the brace that closes a template's `${`. */
  readCode(inTemplate: boolean): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? '';
      const pair = this.#text.slice(this.#at, this.#at + 2);
      if (pair === '//') this.#comment('\n', 0);
      else if (pair === '/*') this.#comment('*/', 2);
      else if (char === "'" || char === '"') this.#string(char);
      else if (char === '`') this.#template();
      else if (char === '/' && REGEX_MAY_FOLLOW.test(this.#before.trimEnd())) this.#regex();
      else {
        if (char === '{') depth += 1;
        if (char === '}' && depth === 0 && inTemplate) return;
        if (char === '}') depth -= 1;
        this.#keep();
      }
    }
  }

  #keep(): void {
    const char = this.#text[this.#at] ?? '';
    this.code[this.#at] = char;
    this.#before = (this.#before + char).slice(-24);
    this.#at += 1;
  }

  #comment(closing: string, extra: number): void {
    const found = this.#text.indexOf(closing, this.#at + 2);
    const end = found < 0 ? this.#text.length : found + extra;
    for (; this.#at < end; this.#at += 1) this.comments[this.#at] = this.#text[this.#at] ?? '';
  }

  #string(quote: string): void {
    this.#keep();
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at];
      if (char === quote || char === '\n') break;
      this.#at += char === '\\' ? 2 : 1;
    }
    this.#keep();
  }

  #template(): void {
    this.#keep();
    while (this.#at < this.#text.length && this.#text[this.#at] !== '`') {
      if (this.#text.startsWith('${', this.#at)) {
        this.#keep();
        this.#keep();
        this.readCode(true);
        this.#keep();
      } else {
        this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
      }
    }
    this.#keep();
  }

  #regex(): void {
    this.#keep();
    let inClass = false;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at];
      if (char === '\n' || (char === '/' && !inClass)) break;
      if (char === '[') inClass = true;
      if (char === ']') inClass = false;
      this.#at += char === '\\' ? 2 : 1;
    }
    this.#keep();
  }
}
