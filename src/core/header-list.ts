// Header fields in the order and spelling they came, as one text with marks into it. Looking up a
// field compares characters in place; forwarding copies whole runs of lines. Immutable.
// Invariant: `text` is latin1, every line is `name ":" value CRLF`, and every field was validated
// by whoever built the list: names are tokens, values hold no CR, LF or NUL.

/** What a field is to the connection. Everything from 1 to `LAST_HOP` stays on one hop. */
export const FieldKind = {
  endToEnd: 0,
  connection: 1,
  keepAlive: 2,
  proxyConnection: 3,
  te: 4,
  trailer: 5,
  transferEncoding: 6,
  upgrade: 7,
  contentLength: 8,
  host: 9,
  expect: 10,
  proxyAuthenticate: 11,
  proxyAuthorization: 12,
  /** Named by the Connection field of its message, or one the gateway sets itself. */
  nominated: 13,
} as const;

const LAST_HOP = FieldKind.nominated;

const kindByName = new Map<string, number>([
  ['connection', FieldKind.connection],
  ['keep-alive', FieldKind.keepAlive],
  ['proxy-connection', FieldKind.proxyConnection],
  ['te', FieldKind.te],
  ['trailer', FieldKind.trailer],
  ['transfer-encoding', FieldKind.transferEncoding],
  ['upgrade', FieldKind.upgrade],
  ['content-length', FieldKind.contentLength],
  ['host', FieldKind.host],
  ['expect', FieldKind.expect],
  ['proxy-authenticate', FieldKind.proxyAuthenticate],
  ['proxy-authorization', FieldKind.proxyAuthorization],
]);

/** The kind of a field by its lower-case name. */
export function fieldKind(lowerName: string): number {
  return kindByName.get(lowerName) ?? FieldKind.endToEnd;
}

/** Numbers per field in `marks`: line start, name end, value start, value end, kind. */
export const MARKS_PER_FIELD = 5;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// RFC 9110 5.5. Beyond latin1 a character would lose its upper byte on the wire: U+010D becomes CR.
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** An immutable list of header fields. */
export class HeaderList {
  static readonly empty: HeaderList = new HeaderList('', []);

  readonly text: string;
  readonly marks: readonly number[];
  #forwardable: string | undefined = undefined;

  /** For parsers only: trusts `text` and `marks`. Everyone else uses `of`. */
  constructor(text: string, marks: readonly number[]) {
    this.text = text;
    this.marks = marks;
  }

  /**
   * Builds a list from name and value pairs. Throws on a name or value that HTTP does not allow.
   */
  static of(pairs: Iterable<readonly [string, string]>): HeaderList {
    let text = '';
    const marks: number[] = [];
    for (const [name, value] of pairs) {
      if (!TOKEN.test(name)) throw new TypeError(`not a header name: ${JSON.stringify(name)}`);
      if (BAD_VALUE.test(value)) throw new TypeError(`not a header value for ${name}`);
      const start = text.length;
      const nameEnd = start + name.length;
      marks.push(start, nameEnd, nameEnd + 2, nameEnd + 2 + value.length);
      marks.push(fieldKind(name.toLowerCase()));
      text += `${name}: ${value}\r\n`;
    }
    return new HeaderList(text, marks);
  }

  /** Number of fields. */
  get count(): number {
    return this.marks.length / MARKS_PER_FIELD;
  }

  /** The name of field `index` as it was spelt. */
  name(index: number): string {
    const at = index * MARKS_PER_FIELD;
    return this.text.slice(this.marks[at], this.marks[at + 1]);
  }

  /** The value of field `index` without outer white space. */
  value(index: number): string {
    const at = index * MARKS_PER_FIELD;
    return this.text.slice(this.marks[at + 2], this.marks[at + 3]);
  }

  /** The kind of field `index`; see `FieldKind`. */
  kind(index: number): number {
    return this.marks[index * MARKS_PER_FIELD + 4] ?? FieldKind.endToEnd;
  }

  /** The first value of the field with this lower-case name, or `undefined`. */
  get(lowerName: string): string | undefined {
    const at = this.#find(lowerName, 0);
    return at < 0 ? undefined : this.text.slice(this.marks[at + 2], this.marks[at + 3]);
  }

  has(lowerName: string): boolean {
    return this.#find(lowerName, 0) >= 0;
  }

  /** Every value of the field with this lower-case name, in order. */
  all(lowerName: string): string[] {
    const values: string[] = [];
    let at = this.#find(lowerName, 0);
    while (at >= 0) {
      values.push(this.text.slice(this.marks[at + 2], this.marks[at + 3]));
      at = this.#find(lowerName, at + MARKS_PER_FIELD);
    }
    return values;
  }

  /** The list with one more field at its end. */
  with(name: string, value: string): HeaderList {
    const added = HeaderList.of([[name, value]]);
    const shift = this.text.length;
    const marks = this.marks.concat(
      added.marks.map((mark, place) => (place % MARKS_PER_FIELD === 4 ? mark : mark + shift)),
    );
    return new HeaderList(this.text + added.text, marks);
  }

  /** The list without any field of these lower-case names. */
  without(...lowerNames: string[]): HeaderList {
    let text = '';
    const marks: number[] = [];
    for (let index = 0; index < this.count; index += 1) {
      if (lowerNames.includes(this.name(index).toLowerCase())) continue;
      const at = index * MARKS_PER_FIELD;
      const start = this.marks[at] ?? 0;
      const shift = text.length - start;
      // Kinds go along: a field that Connection named stays on its hop.
      for (let place = 0; place < 4; place += 1) marks.push((this.marks[at + place] ?? 0) + shift);
      marks.push(this.kind(index));
      text += this.text.slice(start, this.marks[at + MARKS_PER_FIELD] ?? this.text.length);
    }
    return marks.length === this.marks.length ? this : new HeaderList(text, marks);
  }

  /** The lines of all end-to-end fields, ready to be written into another message. */
  forwardable(): string {
    this.#forwardable ??= this.#joinForwardable();
    return this.#forwardable;
  }

  *[Symbol.iterator](): Generator<[string, string]> {
    for (let index = 0; index < this.count; index += 1) yield [this.name(index), this.value(index)];
  }

  #joinForwardable(): string {
    const { text, marks } = this;
    let joined = '';
    let runStart = -1;
    for (let at = 0; at < marks.length; at += MARKS_PER_FIELD) {
      const kind = marks[at + 4] ?? 0;
      const lineStart = marks[at] ?? 0;
      const hop = kind > 0 && kind <= LAST_HOP;
      if (hop && runStart >= 0) {
        joined += text.slice(runStart, lineStart);
        runStart = -1;
      } else if (!hop && runStart < 0) {
        runStart = lineStart;
      }
    }
    return runStart < 0 ? joined : joined + text.slice(runStart);
  }

  #find(lowerName: string, from: number): number {
    const { text, marks } = this;
    const length = lowerName.length;
    for (let at = from; at < marks.length; at += MARKS_PER_FIELD) {
      const start = marks[at] as number;
      if ((marks[at + 1] as number) - start !== length) continue;
      if (sameName(text, start, lowerName)) return at;
    }
    return -1;
  }
}

function sameName(text: string, start: number, lowerName: string): boolean {
  for (let at = 0; at < lowerName.length; at += 1) {
    let code = text.charCodeAt(start + at);
    if (code >= 65 && code <= 90) code += 32;
    if (code !== lowerName.charCodeAt(at)) return false;
  }
  return true;
}
