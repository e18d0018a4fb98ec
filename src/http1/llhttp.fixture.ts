// Node's own HTTP parser (llhttp, all leniency off) as an oracle for tests: what it makes of a run
// of bytes. Reached through `node:_http_common`, which is not public and therefore only for tests.

import { createRequire } from 'node:module';

/** One message as either parser understood it; names and values alternate in the field lists. */
export interface ReadMessage {
  /** `method target` or `status reason`, then the minor version. */
  startLine: string;
  fields: string[];
  body: string;
  trailers: string[];
  keepAlive: boolean;
}

/** Every message that was complete, in order, and why reading stopped. */
export interface Reading {
  messages: ReadMessage[];
  /** Code of the failure, or undefined when all input was taken. */
  failure: string | undefined;
}

interface RawParser {
  initialize(type: number, resource: object, headBytesMax: number, lenient: number): void;
  execute(bytes: Buffer): unknown;
  finish(): unknown;
  close(): void;
  [callback: number]: unknown;
}

interface RawParserClass {
  new (): RawParser;
  REQUEST: number;
  RESPONSE: number;
  kOnHeaders: number;
  kOnHeadersComplete: number;
  kOnBody: number;
  kOnMessageComplete: number;
  kLenientNone: number;
}

interface HttpCommon {
  HTTPParser: RawParserClass;
  methods: string[];
}

const require = createRequire(import.meta.url);
const { HTTPParser, methods } = require('node:_http_common') as HttpCommon;

/** Enough for every test; the limits under test are ours. */
const HEAD_BYTES_MAX = 1_048_576;

/** Methods by llhttp's number, found by asking, since Node does not export the table. */
const methodNames = new Map<number, string>();

function learnMethods(): void {
  for (const name of methods) {
    const parser = new HTTPParser();
    parser.initialize(HTTPParser.REQUEST, {}, HEAD_BYTES_MAX, HTTPParser.kLenientNone);
    parser[HTTPParser.kOnHeadersComplete] = (...facts: unknown[]): number => {
      methodNames.set(facts[3] as number, name);
      return 0;
    };
    parser.execute(Buffer.from(`${name} ${name === 'CONNECT' ? 'h:1' : '/'} HTTP/1.0\r\n\r\n`));
    parser.close();
  }
}
learnMethods();

/** Methods that llhttp knows; it refuses all others. */
export const llhttpMethods: ReadonlySet<string> = new Set(methods);

/**
 * Reads `pieces` in order, to the end of the connection. Reads responses to `requestMethod`, which
 * only matters for HEAD, or requests when that is undefined.
 */
export function readWithLlhttp(
  pieces: readonly Buffer[],
  requestMethod: string | undefined,
): Reading {
  const reading: Reading = { messages: [], failure: undefined };
  const isRequest = requestMethod === undefined;
  let current: ReadMessage = blank();
  let begun = false;
  let switched = false;
  const parser = new HTTPParser();
  const type = isRequest ? HTTPParser.REQUEST : HTTPParser.RESPONSE;
  parser.initialize(type, {}, HEAD_BYTES_MAX, HTTPParser.kLenientNone);
  let flushedUrl = '';
  parser[HTTPParser.kOnHeaders] = (fields: string[], url: string): void => {
    (begun ? current.trailers : current.fields).push(...fields);
    // Flushed trailers repeat the target.
    if (!begun) flushedUrl += url;
  };
  parser[HTTPParser.kOnHeadersComplete] = (...facts: unknown[]): number => {
    const [, minor, fields, method, url, status, reason, upgrade, keepAlive] = facts;
    begun = true;
    current.fields.push(...((fields as string[] | undefined) ?? []));
    const start = isRequest
      ? `${methodNames.get(method as number)} ${flushedUrl}${(url as string | undefined) ?? ''}`
      : `${String(status)} ${String(reason)}`;
    current.startLine = `${start} 1.${String(minor)}`;
    current.keepAlive = keepAlive as boolean;
    switched = upgrade as boolean;
    flushedUrl = '';
    return requestMethod === 'HEAD' ? 1 : 0;
  };
  parser[HTTPParser.kOnBody] = (bytes: Buffer): void => {
    current.body += bytes.toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = (): void => {
    reading.messages.push(current);
    current = blank();
    begun = false;
  };
  for (const piece of pieces) {
    const outcome = parser.execute(piece);
    if (outcome instanceof Error) reading.failure = failureCode(outcome);
    if (reading.failure !== undefined || switched) break;
  }
  if (reading.failure === undefined && !switched) {
    const outcome = parser.finish();
    if (outcome instanceof Error) reading.failure = failureCode(outcome);
  }
  parser.close();
  return reading;
}

function blank(): ReadMessage {
  return { startLine: '', fields: [], body: '', trailers: [], keepAlive: false };
}

function failureCode(error: Error): string {
  return 'code' in error ? String(error.code) : error.message;
}
