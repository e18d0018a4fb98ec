// Which members of a JSON text matter, as a small tree that a walk follows. Whatever the tree does
// not name is skipped, so a key inside a message's text or a nested object can never be mistaken.

/** What a member is to a scanner. Dialects name the same thing differently; the field is one. */
export const Field = {
  none: -1,
  type: 0,
  id: 1,
  model: 2,
  inputTokens: 3,
  outputTokens: 4,
  cachedTokens: 5,
  /** Why generation stopped: `stop_reason`, `finish_reason`. */
  finish: 6,
  sequence: 7,
  errorType: 8,
  errorCode: 9,
  /** Presence of an error object. */
  error: 10,
  /** Presence of one element of `choices`. */
  choice: 11,
  choiceIndex: 12,
  stream: 13,
} as const;

/** Is told of each member found. */
export interface FieldSink {
  /**
   * `text` for a string; otherwise `number`: an integer, NaN for true, 0 for an object (reported
   * when it opens). Null, false, fractions and strings over the limit are not reported.
   */
  found(field: number, text: string | undefined, number: number): void;
}

/** One place in the tree: what it reports, its members if it is an object, its items if a list. */
export class FieldNode {
  readonly field: number;
  readonly items: FieldNode | undefined;
  readonly #keys: Uint8Array[] = [];
  readonly #nodes: FieldNode[] = [];

  constructor(field: number, members: Record<string, FieldNode>, items: FieldNode | undefined) {
    this.field = field;
    this.items = items;
    for (const [key, node] of Object.entries(members)) {
      this.#keys.push(Buffer.from(key, 'latin1'));
      this.#nodes.push(node);
    }
  }

  /** It has members to look for. */
  get hasMembers(): boolean {
    return this.#keys.length > 0;
  }

  /** The member whose key is `bytes[from..to)`. */
  member(bytes: Uint8Array, from: number, to: number): FieldNode | undefined {
    for (let place = 0; place < this.#keys.length; place += 1) {
      const key = this.#keys[place] as Uint8Array;
      if (key.length === to - from && sameBytes(key, bytes, from)) return this.#nodes[place];
    }
    return undefined;
  }
}

/** A value that is reported when it is a string, an integer or true. */
export function leaf(field: number): FieldNode {
  return new FieldNode(field, {}, undefined);
}

/** An object with members of interest; reported itself, as it opens, when it has a field. */
export function object(members: Record<string, FieldNode>, field: number = Field.none): FieldNode {
  return new FieldNode(field, members, undefined);
}

/** A list whose items are of interest. */
export function list(items: FieldNode): FieldNode {
  return new FieldNode(Field.none, {}, items);
}

/** Whether `bytes` holds `key` from `from` on; the caller has checked that there is room. */
export function sameBytes(key: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < key.length; at += 1) if (key[at] !== bytes[from + at]) return false;
  return true;
}
