// Reads fields of a caller's JSON with care: gives a value of the asked type or notes what is
// wrong with it, and where. The first problem is the one that is told. Unknown fields are an open
// set: they are named as dropped and never refused. Null means absent, as OpenAI's API has it.
//
// Nothing throws, so a decoder reads to the end with whatever it has and asks for `result` last.

import type { DecodedRequest, ModelRequest, RequestProblem } from './model-request.ts';

/** An object of a JSON text. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What may stand in a header as it is. Callers can name fields as they like. */
const PLAIN_NAME = /^[A-Za-z][\w.-]{0,39}$/;

/** Different names announced; a request with more of them has one `other` for the rest. */
const DROPPED_NAMES_MAX = 32;

/** The reading of one request. */
export class Reading {
  #problem: RequestProblem | undefined;
  readonly #dropped = new Set<string>();

  /** Notes that the value at `param` cannot be used and what to do about it. */
  refuse(param: string, advice: string, code?: string): undefined {
    this.#problem ??= { status: 400, message: `${param}: ${advice}`, param, code };
  }

  /** Notes that a field, or a part of this type, will not reach the upstream. */
  drop(name: string): void {
    const full = this.#dropped.size >= DROPPED_NAMES_MAX;
    this.#dropped.add(!full && PLAIN_NAME.test(name) ? name : 'other');
  }

  /** Drops a field if it says something. */
  dropIfSaid(name: string, value: unknown): void {
    if (value !== undefined && value !== null) this.drop(name);
  }

  /** Drops each field of `body` that says something and is not `known`. */
  dropUnknown(body: JsonObject, known: ReadonlySet<string>): void {
    for (const name in body) {
      if (!known.has(name)) this.dropIfSaid(name, body[name]);
    }
  }

  /** An object, or undefined when absent or no object. */
  object(value: unknown, path: string): JsonObject | undefined {
    return value === undefined || value === null ? undefined : this.item(value, path);
  }

  /** An object that must be there. */
  item(value: unknown, path: string): JsonObject | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as JsonObject;
    }
    return this.refuse(path, 'must be an object');
  }

  /** A list; empty when absent. */
  list(value: unknown, path: string): readonly unknown[] {
    if (Array.isArray(value)) return value;
    if (value !== undefined && value !== null) this.refuse(path, 'must be a list');
    return [];
  }

  /** A string, or undefined when absent. */
  text(value: unknown, path: string): string | undefined {
    if (typeof value === 'string') return value;
    if (value === undefined || value === null) return undefined;
    return this.refuse(path, 'must be a string');
  }

  /** A string that must be there; '' once a problem is noted. */
  needText(value: unknown, path: string): string {
    if (typeof value === 'string') return value;
    this.refuse(path, 'must be a string');
    return '';
  }

  /** A name that must be there and not empty. */
  needName(value: unknown, path: string): string {
    if (typeof value === 'string' && value !== '') return value;
    this.refuse(path, 'must be a string that is not empty');
    return '';
  }

  number(value: unknown, path: string): number | undefined {
    if (typeof value === 'number') return value;
    if (value === undefined || value === null) return undefined;
    return this.refuse(path, 'must be a number');
  }

  /** A whole number of things, zero or more. */
  count(value: unknown, path: string): number | undefined {
    const number = this.number(value, path);
    if (number === undefined || (Number.isSafeInteger(number) && number >= 0)) return number;
    return this.refuse(path, 'must be a whole number that is not negative');
  }

  flag(value: unknown, path: string): boolean | undefined {
    if (typeof value === 'boolean') return value;
    if (value === undefined || value === null) return undefined;
    return this.refuse(path, 'must be true or false');
  }

  /** Strings of a list. */
  texts(value: unknown, path: string): readonly string[] {
    const items = this.list(value, path);
    const texts: string[] = [];
    for (let at = 0; at < items.length; at += 1) {
      texts.push(this.needText(items[at], `${path}.${at}`));
    }
    return texts;
  }

  /** What the reading gave: the request, or the first problem found on the way. */
  result(request: ModelRequest): DecodedRequest | RequestProblem {
    return this.#problem ?? { request, dropped: [...this.#dropped].toSorted() };
  }

  /** The result of a body that is no object at all. */
  static notAnObject(): RequestProblem {
    const message = 'the body must be a JSON object';
    return { status: 400, message, param: undefined, code: undefined };
  }
}
