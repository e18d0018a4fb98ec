// A map that forgets what was not used for longest, in two generations: what is asked for moves to
// the young one, and when that is full, the old one is dropped and the young one takes its place.
// A true LRU list would cost two writes for every look-up; this costs one read.
// Invariant: never more than `max` entries; the last `max / 2` keys that were used are there.

/** A bounded map. `mustKeep` names values that are still in use; they go only when all are. */
export class RecentMap<K, V> {
  readonly #half: number;
  readonly #mustKeep: (value: V) => boolean;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  constructor(max: number, mustKeep: (value: V) => boolean = () => false) {
    this.#half = Math.max(1, Math.floor(max / 2));
    this.#mustKeep = mustKeep;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The value, which counts as used. */
  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined || this.#old.size === 0) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.set(key, old);
    }
    return old;
  }

  /** The value without using it, for listings. */
  peek(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** Adds a value; the key must not be in yet. */
  set(key: K, value: V): void {
    if (this.#young.size >= this.#half) this.#age();
    this.#young.set(key, value);
  }

  *values(): Generator<V> {
    yield* this.#young.values();
    yield* this.#old.values();
  }

  *entries(): Generator<[K, V]> {
    yield* this.#young.entries();
    yield* this.#old.entries();
  }

  #age(): void {
    const dropped = this.#old;
    this.#old = this.#young;
    this.#young = new Map();
    for (const [key, value] of dropped) {
      // One place is for the entry that made the old ones go.
      if (this.#young.size >= this.#half - 1) return;
      if (this.#mustKeep(value)) this.#young.set(key, value);
    }
  }
}
