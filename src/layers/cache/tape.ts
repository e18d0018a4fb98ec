// The bytes of one answer that somebody may still have to be given, in the order they came. Grows
// by slabs, so that a short answer costs little and a long one is not copied again. What nobody
// needs any more is dropped from the front.
// Invariants: it holds exactly `[start, end)`; slabs count against the bounds from when they are
// made until they are let go; bytes once written never change, so what is read may be lent.

import type { BufferBudget } from '../../core/replay-body.ts';

const FIRST_SLAB_BYTES = 2 * 1024;
const SLAB_BYTES_MAX = 64 * 1024;

interface Slab {
  readonly bytes: Buffer;
  used: number;
}

/** One answer's tape. Positions count the bytes it was given. */
export class Tape {
  /** Position of the first byte that can be read. */
  start: number = 0;
  /** Position behind the last byte. */
  end: number = 0;
  readonly #capacityMax: number;
  readonly #budget: BufferBudget;
  #slabs: Slab[] = [];
  #capacity: number = 0;

  constructor(capacityMax: number, budget: BufferBudget) {
    this.#capacityMax = capacityMax;
    this.#budget = budget;
  }

  /** Memory it takes, in bytes. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Keeps a copy of `bytes`; false, and nothing kept, when there is no room for all of them. */
  append(bytes: Uint8Array): boolean {
    const last = this.#slabs.at(-1);
    const room = last === undefined ? 0 : last.bytes.length - last.used;
    const missing = bytes.length - room;
    if (missing > 0) {
      const allowed = this.#capacityMax - this.#capacity;
      if (missing > allowed) return false;
      const usual = Math.min(SLAB_BYTES_MAX, Math.max(FIRST_SLAB_BYTES, this.#capacity));
      const size = Math.min(allowed, Math.max(missing, usual));
      if (!this.#budget.take(size)) return false;
      this.#add(size);
    }
    this.#write(last, bytes, room);
    return true;
  }

  /** Keeps a copy of `bytes` whatever the bounds say: for what was under way when they were met. */
  appendBeyond(bytes: Uint8Array): void {
    if (this.append(bytes)) return;
    const last = this.#slabs.at(-1);
    const room = last === undefined ? 0 : last.bytes.length - last.used;
    this.#budget.usedBytes += bytes.length - room;
    this.#add(bytes.length - room);
    this.#write(last, bytes, room);
  }

  /** What lies at `position` in one piece; `position` must be within `[start, end)`. */
  read(position: number): Uint8Array {
    let at = this.start;
    for (const { bytes, used } of this.#slabs) {
      if (position < at) break;
      if (position < at + used) return bytes.subarray(position - at, used);
      at += used;
    }
    throw new RangeError(`tape: ${position} is not in [${this.start}, ${this.end})`);
  }

  /** Lets go of slabs that lie wholly before `position`, and of all when nothing is behind it. */
  dropBefore(position: number): void {
    if (position >= this.end) {
      this.clear();
      return;
    }
    for (let first = this.#slabs[0]; first !== undefined; first = this.#slabs[0]) {
      if (this.start + first.used > position) return;
      this.start += first.used;
      this.#slabs.shift();
      this.#give(first.bytes.length);
    }
  }

  /** Lets go of everything. */
  clear(): void {
    this.#slabs = [];
    this.start = this.end;
    this.#give(this.#capacity);
  }

  #add(size: number): void {
    this.#capacity += size;
    // Not from the pool that all small buffers share: a piece would keep the whole of it alive.
    this.#slabs.push({ bytes: Buffer.allocUnsafeSlow(size), used: 0 });
  }

  /** Fills the room of `last`, which was the last slab, and goes on in the one behind it. */
  #write(last: Slab | undefined, bytes: Uint8Array, room: number): void {
    const split = Math.min(room, bytes.length);
    if (last !== undefined && split > 0) {
      last.bytes.set(split === bytes.length ? bytes : bytes.subarray(0, split), last.used);
      last.used += split;
    }
    if (split < bytes.length) {
      const fresh = this.#slabs.at(-1) as Slab;
      fresh.bytes.set(split === 0 ? bytes : bytes.subarray(split), 0);
      fresh.used = bytes.length - split;
    }
    this.end += bytes.length;
  }

  #give(size: number): void {
    this.#capacity -= size;
    this.#budget.give(size);
  }
}
