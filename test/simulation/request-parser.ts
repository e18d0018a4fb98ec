// Reads the requests that a transport writes, as a simulated peer needs them. Written apart from
// the product's own codec, so that one mistake cannot hide another.

/** One request, whole. */
export interface SimRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Takes text as it arrives; answers the requests that are complete. */
export class RequestParser {
  #text: string = '';

  /** A request has begun, and not all of it has come. */
  get isWaiting(): boolean {
    return this.#text !== '';
  }

  feed(text: string): SimRequest[] {
    this.#text += text;
    const found: SimRequest[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) found.push(next);
    return found;
  }

  #next(): SimRequest | undefined {
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [first = '', ...lines] = this.#text.slice(0, end).split('\r\n');
    const fields = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const body = bodyAt(this.#text, end + 4, fields);
    if (body === undefined) return undefined;
    this.#text = this.#text.slice(body.end);
    const [method = '', path = ''] = first.split(' ');
    return { method, path, fields, body: body.text };
  }
}

function bodyAt(
  text: string,
  from: number,
  fields: ReadonlyMap<string, string>,
): { text: string; end: number } | undefined {
  if (fields.get('transfer-encoding') === 'chunked') return chunkedAt(text, from);
  const end = from + Number(fields.get('content-length') ?? 0);
  return text.length < end ? undefined : { text: text.slice(from, end), end };
}

function chunkedAt(text: string, from: number): { text: string; end: number } | undefined {
  let body = '';
  let at = from;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (text.length < end) return undefined;
    if (size === 0) return { text: body, end };
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = end;
  }
}
