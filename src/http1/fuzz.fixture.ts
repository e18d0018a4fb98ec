// Makes messages for the fuzz tests: valid ones with much variety, then damaged ones. Everything
// comes from one seed, so a failure can be replayed from the numbers in its message.

import type { Random } from '../core/random.ts';
import { seededRandom } from '../core/random.ts';

/** Draws from a seeded generator. */
export class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** An integer from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

const METHODS = ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'];
const TARGETS = [
  '/',
  '/v1/messages?beta=true',
  '//double/slash',
  '/a%20b/~c;d=e?f[]=g&h={i}',
  'http://example.com/path?q',
  'https://[::1]:8443',
  'http://example.com?only=query',
];
const HOSTS = ['example.com', 'localhost:8080', '[::1]:80', '127.0.0.1', 'a_b.example'];
const FIELDS = [
  'Accept: */*',
  'content-type:application/json',
  'X-Empty:',
  'X-Tabs:\t a\tb \t',
  'Cookie: a=b; c="d"',
  'X-Obs: caf\xe9',
  "!#$%&'*+-.^_`|~: token",
  'Connection: keep-alive',
  'Connection: close',
  'connection: x-obs, Keep-Alive',
  'Connection: upgrade',
  'Upgrade: websocket',
  'Keep-Alive: timeout=5, max=100',
  'TE: trailers',
  'Trailer: X-Sum',
  'Proxy-Connection: keep-alive',
  'Expect: 100-continue',
  'Content-Length : 5',
  'Transfer-Encoding: identity',
];
const TRAILERS = ['X-Sum: abc', 'Server-Timing: a;dur=1', 'Authorization: x', 'Content-Length: 3'];
const STATUSES = [
  '200 OK',
  '201 Created',
  '204 No Content',
  '304 Not Modified',
  '404 ',
  '503',
  '100 Continue',
  '101 Switching Protocols',
  '199 X',
  '599 caf\xe9 \t',
];

/** A mostly valid message of `side`, with its body. */
export function makeMessage(dice: Dice, side: 'request' | 'response'): string {
  const minor = dice.chance(85) ? 1 : 0;
  const lines: string[] = [];
  if (side === 'request') {
    lines.push(`${dice.pick(METHODS)} ${dice.pick(TARGETS)} HTTP/1.${minor}`);
    if (minor === 1 || dice.chance(50)) lines.push(`Host: ${dice.pick(HOSTS)}`);
  } else {
    lines.push(`HTTP/1.${minor} ${dice.pick(STATUSES)}`);
  }
  for (let count = dice.below(5); count > 0; count -= 1) lines.push(dice.pick(FIELDS));
  const framing = dice.below(side === 'request' ? 4 : 5);
  let body = '';
  if (framing === 1) {
    body = makePayload(dice);
    lines.push(`Content-Length: ${body.length}`);
  } else if (framing === 2) {
    lines.push(
      dice.pick([
        'Transfer-Encoding: chunked',
        'transfer-encoding:Chunked',
        'transfer-encoding:\tChunked ',
      ]),
    );
    body = makeChunked(dice);
  } else if (framing === 4) {
    body = makePayload(dice);
  }
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

function makePayload(dice: Dice): string {
  const kind = dice.below(4);
  if (kind === 0) return '';
  if (kind === 1) return 'x'.repeat(dice.below(80));
  if (kind === 2) return 'GET /inner HTTP/1.1\r\nHost: inner\r\n\r\n';
  return '\r\n0\r\n\r\n';
}

function makeChunked(dice: Dice): string {
  let text = '';
  for (let count = dice.below(5); count > 0; count -= 1) {
    const payload = makePayload(dice);
    if (payload === '') continue;
    const size = payload.length.toString(16);
    const spelt = dice.pick([size, size.toUpperCase(), `0${size}`]);
    text += `${spelt}${makeExtension(dice)}\r\n${payload}\r\n`;
  }
  text += `0${makeExtension(dice)}\r\n`;
  if (dice.chance(30)) text += `${dice.pick(TRAILERS)}\r\n`;
  return `${text}\r\n`;
}

function makeExtension(dice: Dice): string {
  return dice.chance(80) ? '' : dice.pick([';a', ';a=b', ';a="b;c\\"d"', ';a;b=c', '; a', ';a=']);
}

/** What parsers have disagreed about before; inserted by `damage`. */
const SPICE = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '"',
  '\\',
  '#',
  '+',
  '-',
  '0',
  '5',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
  '\x85',
  '\xa0',
  '0x',
  '\r\n\r\n',
  '\n\n',
  'chunked',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: xchunked\r\n',
  'Connection: close\r\n',
  '\r\n ',
  'HTTP/1.1',
  'HTTP/2.0',
  '0\r\n\r\n',
  'ffffffff',
  ';ext',
  'Host: b\r\n',
];

/** Damages `text` in up to four places: change, insert, delete, repeat or swap. */
export function damage(dice: Dice, text: string): string {
  let damaged = text;
  for (let count = 1 + dice.below(3); count > 0; count -= 1) {
    // Heads and size lines are where framing is decided, so most damage goes to the beginning.
    const span = dice.chance(60) ? Math.min(damaged.length, 120) : damaged.length;
    const at = dice.below(span + 1);
    const length = 1 + dice.below(dice.chance(70) ? 1 : 12);
    const before = damaged.slice(0, at);
    const after = damaged.slice(at);
    const kind = dice.below(6);
    if (kind === 0) damaged = before + String.fromCharCode(dice.below(256)) + after.slice(1);
    else if (kind === 1) damaged = before + dice.pick(SPICE) + after;
    else if (kind === 2) damaged = before + after.slice(length);
    else if (kind === 3) damaged = before + after.slice(0, length) + after;
    else if (kind === 4) damaged = before + dice.pick(SPICE) + after.slice(length);
    else damaged = before + flipCase(after.slice(0, length)) + after.slice(length);
  }
  return damaged;
}

const CHUNK_WORDS = [
  '0',
  '1',
  '3',
  'a',
  'F',
  '00',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r',
  '\n',
  ';',
  'x',
  'x=y',
  '="',
  '"',
  '\\',
  ' ',
  '\t',
  'abc\r\n',
  'X: 1\r\n',
  ':',
  '\0',
  '\xff',
  '-',
  '0\r\n\r\n',
  '3\r\nabc\r\n',
  'Content-Length: 3\r\n',
];
const FIELD_WORDS = [
  'Content-Length: 3\r\n',
  'Content-Length',
  'Transfer-Encoding',
  'transfer-encoding: chunked\r\n',
  'chunked',
  'Host: h\r\n',
  'Connection: ',
  'close',
  'keep-alive',
  'upgrade',
  'Upgrade: a\r\n',
  ':',
  ': ',
  ',',
  ' ',
  '\t',
  '\r\n',
  '\r\n',
  '\r',
  '\n',
  '3',
  '0',
  'x',
  '\x0b',
  '\xa0',
  '"',
  '\r\n\r\n',
  '3\r\nabc\r\n',
  '0\r\n\r\n',
  'abc',
];

/** A message of a valid start and then words of the grammar in no order at all. */
export function makeBabble(dice: Dice, side: 'request' | 'response'): string {
  const start = side === 'request' ? 'POST / HTTP/1.1\r\nHost: h\r\n' : 'HTTP/1.1 200 OK\r\n';
  const inBody = dice.chance(50);
  const words = inBody ? CHUNK_WORDS : FIELD_WORDS;
  let text = inBody ? `${start}Transfer-Encoding: chunked\r\n\r\n` : start;
  for (let count = 1 + dice.below(12); count > 0; count -= 1) text += dice.pick(words);
  return text;
}

function flipCase(text: string): string {
  const upper = text.toUpperCase();
  return upper === text ? text.toLowerCase() : upper;
}

/** Cuts `text` into pieces at up to `cutsMax` random places. */
export function cut(dice: Dice, text: string, cutsMax: number): Buffer[] {
  const places = [0, text.length];
  for (let count = dice.below(cutsMax + 1); count > 0; count -= 1) {
    places.push(dice.below(text.length + 1));
  }
  places.sort((a, b) => a - b);
  const pieces: Buffer[] = [];
  for (let index = 1; index < places.length; index += 1) {
    pieces.push(Buffer.from(text.slice(places[index - 1], places[index]), 'latin1'));
  }
  return pieces.filter((piece) => piece.length > 0);
}
