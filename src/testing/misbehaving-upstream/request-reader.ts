// Reads requests from a connection, with a parser of its own: the upstream must not share the bugs
// of what it tests. Strict about framing (a defect ends the reading), since a test should notice a
// malformed request. Owns the leftover bytes of a pipelining caller.
// Invariant: callbacks come as head, body*, end for each request, and none while held back.

/** A request head in text form. */
export interface ReadHead {
  readonly method: string;
  readonly path: string;
  readonly version: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly rawHead: string;
}

/** Told what was read. */
export interface RequestTaker {
  requestHead(head: ReadHead): void;
  requestBody(bytes: Buffer): void;
  requestEnd(trailers: readonly (readonly [string, string])[]): void;
  /** The bytes are not a request; nothing more will be read. */
  requestDefect(reason: string): void;
}

const HEAD_BYTES_MAX = 256 * 1024;
const HEX_SIZE = /^[0-9a-fA-F]{1,12}$/;

type State =
  | 'head'
  | 'length'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-crlf'
  | 'trailers'
  | 'held'
  | 'dead';

/** Reads one connection's requests, one at a time. */
export class RequestReader {
  readonly #taker: RequestTaker;
  #state: State = 'head';
  #bytes: Buffer = Buffer.alloc(0);
  #left: number = 0;

  constructor(taker: RequestTaker) {
    this.#taker = taker;
  }

  /** Bytes that wait for the next request's turn. */
  get leftover(): number {
    return this.#bytes.length;
  }

  /** Nothing of a next request has come. */
  get isIdle(): boolean {
    return (this.#state === 'head' || this.#state === 'held') && this.#bytes.length === 0;
  }

  feed(bytes: Buffer): void {
    if (this.#state === 'dead') return;
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    this.#read();
  }

  /** The request read last was answered: the next one may be read. */
  next(): void {
    if (this.#state !== 'held') return;
    this.#state = 'head';
    this.#read();
  }

  /** Reads nothing more. */
  stop(): void {
    this.#state = 'dead';
    this.#bytes = Buffer.alloc(0);
  }

  #read(): void {
    while (this.#step()) {
      // Each step consumes something or changes the state.
    }
  }

  /** One step; `false` when more bytes or permission are needed. */
  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#readHead();
      case 'length':
      case 'chunk-data':
        return this.#readBody();
      case 'chunk-size':
        return this.#readSize();
      case 'chunk-crlf':
        return this.#readCrlf();
      case 'trailers':
        return this.#readTrailers();
      case 'held':
      case 'dead':
        return false;
    }
  }

  #readHead(): boolean {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) {
      if (this.#bytes.length > HEAD_BYTES_MAX) this.#defect('head too large');
      return false;
    }
    const rawHead = this.#take(end + 4).toString('latin1');
    const lines = rawHead.slice(0, -4).split('\r\n');
    const start = /^([!-~]+) ([!-~]+) HTTP\/(1\.[01])$/.exec(lines[0] ?? '');
    const headers = parseFields(lines.slice(1));
    if (start === null) return this.#defect(`request line: ${JSON.stringify(lines[0])}`);
    if (typeof headers === 'string') return this.#defect(headers);
    const [, method = '', path = '', version = ''] = start;
    if (!this.#frame(headers)) return false;
    const after = this.#state;
    this.#taker.requestHead({ method, path, version, headers, rawHead });
    // The taker may have stopped the reading.
    if (this.#state !== after) return false;
    if (after === 'length' && this.#left === 0) this.#end([]);
    return true;
  }

  #frame(headers: readonly (readonly [string, string])[]): boolean {
    const values = (name: string): string[] =>
      headers.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
    const lengths = values('content-length');
    const codings = values('transfer-encoding');
    if (lengths.length > 1) return this.#defect('more than one content-length');
    if (lengths.length > 0 && codings.length > 0) return this.#defect('length and coding');
    if (codings.length > 0) {
      const coding = codings.join();
      if (coding.toLowerCase() !== 'chunked') return this.#defect(`coding ${coding}`);
      this.#state = 'chunk-size';
      return true;
    }
    const length = lengths[0] ?? '0';
    if (!/^\d{1,15}$/.test(length)) return this.#defect(`content-length ${length}`);
    this.#left = Number(length);
    this.#state = 'length';
    return true;
  }

  #readBody(): boolean {
    if (this.#bytes.length === 0) return false;
    const state = this.#state;
    const part = this.#take(Math.min(this.#left, this.#bytes.length));
    this.#left -= part.length;
    this.#taker.requestBody(part);
    if (this.#state !== state) return false;
    if (this.#left > 0) return false;
    if (state === 'length') this.#end([]);
    else this.#state = 'chunk-crlf';
    return true;
  }

  #readSize(): boolean {
    const line = this.#takeLine();
    if (line === undefined) return false;
    const size = (line.split(';')[0] ?? '').trim();
    if (!HEX_SIZE.test(size)) return this.#defect(`chunk size ${JSON.stringify(line)}`);
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk-data';
    return true;
  }

  #readCrlf(): boolean {
    if (this.#bytes.length < 2) return false;
    if (this.#take(2).toString('latin1') !== '\r\n') return this.#defect('chunk without CRLF');
    this.#state = 'chunk-size';
    return true;
  }

  #readTrailers(): boolean {
    if (this.#bytes.length >= 2 && this.#bytes[0] === 13 && this.#bytes[1] === 10) {
      this.#take(2);
      this.#end([]);
      return true;
    }
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const fields = parseFields(
      this.#take(end + 4)
        .toString('latin1')
        .slice(0, -4)
        .split('\r\n'),
    );
    if (typeof fields === 'string') return this.#defect(fields);
    this.#end(fields);
    return true;
  }

  #end(trailers: readonly (readonly [string, string])[]): void {
    this.#state = 'held';
    this.#taker.requestEnd(trailers);
  }

  #defect(reason: string): false {
    this.stop();
    this.#taker.requestDefect(reason);
    return false;
  }

  #take(bytes: number): Buffer {
    const taken = this.#bytes.subarray(0, bytes);
    this.#bytes = this.#bytes.subarray(bytes);
    return taken;
  }

  #takeLine(): string | undefined {
    const end = this.#bytes.indexOf('\r\n');
    if (end < 0) return undefined;
    return this.#take(end + 2)
      .toString('latin1')
      .slice(0, -2);
  }
}

function parseFields(lines: readonly string[]): (readonly [string, string])[] | string {
  const fields: (readonly [string, string])[] = [];
  for (const line of lines) {
    const field = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (field === null || /[\0\r\n]/.test(line)) return `field line ${JSON.stringify(line)}`;
    fields.push([field[1] ?? '', field[2] ?? '']);
  }
  return fields;
}
