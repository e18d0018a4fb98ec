import { equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { CallError } from './errors.ts';
import type { BodyReader, BodySource } from './replay-body.ts';
import { BufferBudget, ReplayBody } from './replay-body.ts';

const KEEP_BYTES = 300 * 1024;
const BUDGET_BYTES = 500 * 1024;
const HIGH_BYTES = 256 * 1024;
const PIECE_BYTES_MAX = 100 * 1024;

/** A reader that takes a number of pieces, may leave on its own, and checks what it is told. */
class ModelReader implements BodyReader {
  taken: number = 0;
  over: boolean = false;
  full: boolean = false;
  readonly #world: World;
  #capacity: number;
  readonly #leavesAfter: number;

  constructor(world: World, capacity: number, leavesAfter: number) {
    this.#world = world;
    this.#capacity = capacity;
    this.#leavesAfter = leavesAfter;
  }

  refill(capacity: number): void {
    this.#capacity = capacity;
    this.full = false;
  }

  bodyBytes(bytes: Uint8Array): boolean {
    ok(!this.over && !this.full, 'bytes for a reader that is over or full');
    equal(bytes, this.#world.pushed[this.taken], 'bytes in the order in which they came');
    this.taken += 1;
    this.#capacity -= 1;
    if (this.taken >= this.#leavesAfter) this.#world.close();
    this.full = this.#capacity <= 0;
    return !this.full;
  }

  bodyEnd(): void {
    ok(!this.over && !this.full, 'an end for a reader that is over or full');
    ok(this.#world.body.complete);
    equal(this.taken, this.#world.pushed.length, 'an end only after every byte');
    this.over = true;
    this.#world.reader = undefined;
  }

  bodyFailed(): void {
    ok(!this.over);
    this.over = true;
    this.#world.reader = undefined;
  }
}

/** The producer, the body and its reader, with the invariants that hold between operations. */
class World implements BodySource {
  readonly budget = new BufferBudget(BUDGET_BYTES);
  readonly body = new ReplayBody(-1, KEEP_BYTES, this.budget, this);
  readonly pushed: Uint8Array[] = [];
  readonly #waiting: Uint8Array[] = [];
  reader: ModelReader | undefined = undefined;
  paused: boolean = false;
  opened: boolean = false;
  released: boolean = false;
  #finishing: boolean = false;

  pauseBody(): void {
    ok(!this.paused, 'paused twice');
    this.paused = true;
  }

  resumeBody(): void {
    ok(this.paused, 'resumed twice');
    this.paused = false;
    this.flush();
  }

  send(bytes: number): void {
    if (this.#finishing || this.body.failure !== undefined) return;
    this.#waiting.push(new Uint8Array(bytes));
    this.flush();
  }

  finish(): void {
    if (this.body.failure !== undefined) return;
    this.#finishing = true;
    this.flush();
  }

  /** Pushes what waits, from inside `resumeBody` as well: a real source may do so. */
  flush(): void {
    while (!this.paused && this.body.failure === undefined) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.pushed.push(next);
      this.body.push(next);
    }
    const done = this.#finishing && !this.paused && this.#waiting.length === 0;
    if (done && !this.body.complete) this.body.finish();
  }

  open(capacity: number, leavesAfter: number): void {
    if (this.released || (this.opened && !this.body.replayable)) return;
    this.close();
    this.opened = true;
    this.reader = new ModelReader(this, capacity, leavesAfter);
    this.body.open(this.reader);
  }

  close(): void {
    const { reader } = this;
    if (reader === undefined) return;
    reader.over = true;
    this.reader = undefined;
    this.body.close(reader);
  }

  resume(capacity: number): void {
    const { reader } = this;
    if (reader === undefined || !reader.full) return;
    reader.refill(capacity);
    this.body.resume(reader);
  }

  release(): void {
    this.close();
    this.released = true;
    this.body.release();
  }

  check(): void {
    const { body, budget, reader } = this;
    let kept = 0;
    for (const piece of body.kept) kept += piece.length;
    ok(kept <= KEEP_BYTES + HIGH_BYTES + PIECE_BYTES_MAX, `${kept} bytes kept`);
    ok(budget.usedBytes >= 0 && budget.usedBytes <= BUDGET_BYTES);
    equal(budget.usedBytes, body.replayable ? kept : 0);
    if (this.released) equal(kept, 0);
    if (reader === undefined || reader.full) return;
    equal(reader.taken, this.pushed.length, 'a reader with room has everything that came');
    equal(this.paused, false, 'nobody is held back while the reader has room');
    equal(body.complete || body.failure !== undefined, false, 'and has heard the end');
  }
}

const small = fc.integer({ min: 1, max: 4 });
const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.integer({ min: 1, max: PIECE_BYTES_MAX }).map((n) => (w: World) => w.send(n)),
  },
  { weight: 1, arbitrary: fc.constant((w: World) => w.finish()) },
  { weight: 1, arbitrary: fc.constant((w: World) => w.body.fail(new CallError('CALLER_GONE'))) },
  {
    weight: 3,
    arbitrary: fc.tuple(small, fc.integer({ min: 1, max: 20 })).map(
      ([c, l]) =>
        (w: World) =>
          w.open(c, l),
    ),
  },
  { weight: 1, arbitrary: fc.constant((w: World) => w.close()) },
  { weight: 5, arbitrary: small.map((n) => (w: World) => w.resume(n)) },
  { weight: 1, arbitrary: fc.constant((w: World) => w.release()) },
);

describe('replay body against its model', () => {
  it('delivers every byte once, in order, within its bounds, whatever happens when', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const world = new World();
        for (const operate of operations) {
          operate(world);
          world.check();
        }
        world.release();
        equal(world.budget.usedBytes, 0);
      }),
      { numRuns: 3_000 },
    );
  });
});
