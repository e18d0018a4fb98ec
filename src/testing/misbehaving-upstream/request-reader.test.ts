import { deepEqual, equal, match } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RequestReader } from './request-reader.ts';
import type { RequestTaker } from './request-reader.ts';

/** Writes down what it is told; reads the next request at once unless `holds`. */
class Taker implements RequestTaker {
  readonly told: string[] = [];
  body: string = '';
  readonly reader: RequestReader;
  readonly #holds: boolean;

  constructor(holds = false) {
    this.reader = new RequestReader(this);
    this.#holds = holds;
  }

  requestHead(head: Parameters<RequestTaker['requestHead']>[0]): void {
    this.body = '';
    this.told.push(`${head.method} ${head.path} ${head.version} ${head.headers.length}`);
  }

  requestBody(bytes: Buffer): void {
    this.body += bytes.toString('latin1');
  }

  requestEnd(trailers: readonly (readonly [string, string])[]): void {
    this.told.push(`end ${this.body} ${trailers.join()}`);
    if (!this.#holds) queueMicrotask(() => this.reader.next());
  }

  requestDefect(reason: string): void {
    this.told.push(`defect ${reason}`);
  }
}

const TWO_REQUESTS =
  'POST /a?b HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello' +
  'PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\n' +
  'x-t: 1\r\n\r\n' +
  'GET / HTTP/1.0\r\n\r\n';

const UNDERSTOOD = [
  'POST /a?b 1.1 2',
  'end hello ',
  'PUT /c 1.1 1',
  'end abc0123456789 x-t,1',
  'GET / 1.0 0',
  'end  ',
];

describe('request reader', () => {
  it('understands the same requests at every split', async () => {
    for (let at = 0; at <= TWO_REQUESTS.length; at += 1) {
      const taker = new Taker();
      taker.reader.feed(Buffer.from(TWO_REQUESTS.slice(0, at)));
      taker.reader.feed(Buffer.from(TWO_REQUESTS.slice(at)));
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
      deepEqual(taker.told, UNDERSTOOD, `split at ${at}`);
    }
  });

  it('understands them byte by byte', async () => {
    const taker = new Taker();
    for (const byte of Buffer.from(TWO_REQUESTS)) {
      taker.reader.feed(Buffer.from([byte]));
      await Promise.resolve();
    }
    deepEqual(taker.told, UNDERSTOOD);
  });

  it('lets a second request wait until the first was answered', () => {
    const taker = new Taker(true);
    taker.reader.feed(Buffer.from(TWO_REQUESTS));
    equal(taker.told.length, 2);
    equal(taker.reader.isIdle, false);
    taker.reader.next();
    equal(taker.told.length, 4);
  });

  const defects: [string, RegExp][] = [
    ['GET  / HTTP/1.1\r\n\r\n', /request line/],
    ['GET / HTTP/2.0\r\n\r\n', /request line/],
    ['GET / HTTP/1.1\r\nbad name: x\r\n\r\n', /field line/],
    ['GET / HTTP/1.1\r\na: b\r\n folded\r\n\r\n', /field line/],
    ['GET / HTTP/1.1\r\na: b\nc: d\r\n\r\n', /field line/],
    ['POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n', /more than one/],
    ['POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n', /content-length -1/],
    ['POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n', /length and/],
    ['POST / HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n', /coding gzip/],
    ['POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n', /chunk size "xyz"/],
    ['POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc', /chunk without CRLF/],
    [`GET / HTTP/1.1\r\na: ${'x'.repeat(300_000)}`, /head too large/],
  ];
  for (const [text, reason] of defects) {
    it(`refuses ${JSON.stringify(text.slice(0, 70))}`, () => {
      const taker = new Taker();
      taker.reader.feed(Buffer.from(text, 'latin1'));
      match(taker.told.at(-1) ?? '', reason);
      const { length } = taker.told;
      taker.reader.feed(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
      equal(taker.told.length, length);
    });
  }
});
