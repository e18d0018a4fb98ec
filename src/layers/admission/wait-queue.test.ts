import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Priority } from '../../core/caller.ts';
import { Entry, choice } from './wait-queue.fixture.ts';
import { WaitQueue } from './wait-queue.ts';

/** `x1 y1 x2` as entries of tenants x and y, each a tick younger than the one before. */
function entries(names: string, priority: Priority = 'default'): Entry[] {
  return names.split(' ').map((name, at) => new Entry(name, name[0] ?? '', priority, at));
}

function queueOf(...groups: Entry[][]) {
  const queue = new WaitQueue<Entry>();
  for (const entry of groups.flat()) {
    assert.equal(queue.offer(entry, Number.POSITIVE_INFINITY, false), undefined);
  }
  return queue;
}

function takeAll(queue: WaitQueue<Entry>, how = choice()): string {
  const names: string[] = [];
  for (let entry = queue.take(how); entry !== undefined; entry = queue.take(how)) {
    names.push(entry.name);
  }
  return names.join(' ');
}

/** Tenants with one call each that leave before it is served. */
function comeAndGo(queue: WaitQueue<Entry>, count: number): void {
  for (let at = 0; at < count; at += 1) {
    const entry = new Entry('t', `t${at}`);
    queue.offer(entry, Number.POSITIVE_INFINITY, false);
    queue.remove(entry);
  }
}

const many = (count: number, tenant: string, priority: Priority) =>
  Array.from({ length: count }, (_, at) => new Entry(`${priority[0]}${at}`, tenant, priority));

describe('the order of the queue', () => {
  it('is that of coming, for one tenant', () => {
    assert.equal(takeAll(queueOf(entries('x1 x2 x3'))), 'x1 x2 x3');
  });

  it('goes round between tenants, however many calls one of them has', () => {
    const queue = queueOf(entries('x1 x2 x3 x4 y1 z1 z2'));
    assert.equal(takeAll(queue), 'x1 y1 z1 x2 z2 x3 x4');
  });

  it('does not let a tenant skip its turn by coming anew', () => {
    const queue = queueOf(entries('x1 y1 y2'));
    assert.equal(queue.take(choice())?.name, 'x1');
    queue.offer(new Entry('x2', 'x'), 10, false);
    assert.equal(takeAll(queue), 'y1 x2 y2');
  });

  it('puts a tenant that let a turn pass before those who had it', () => {
    const queue = queueOf(entries('x1 y1'), entries('x2 y2 x3 y3'));
    assert.equal(queue.take(choice())?.name, 'x1');
    assert.equal(queue.take(choice())?.name, 'y1');
    queue.offer(new Entry('z1', 'z'), 10, false);
    queue.offer(new Entry('w1', 'w'), 10, false);
    assert.equal(takeAll(queue), 'z1 w1 x2 y2 x3 y3');
  });

  it('does so only once a round', () => {
    const queue = queueOf(entries('x1 x2 x3 x4 y1 y2 y3'));
    queue.offer(new Entry('z1', 'z'), 10, false);
    const names = [];
    for (let count = 2; count < 8; count += 1) {
      const entry = queue.take(choice());
      names.push(entry?.name);
      if (entry?.tenant === 'z') queue.offer(new Entry(`z${count}`, 'z'), 10, false);
    }
    assert.deepEqual(names, ['x1', 'y1', 'z1', 'x2', 'y2', 'z4']);
  });

  it('is the same whether or not crowds of tenants have come and gone', () => {
    const queue = queueOf(entries('x1 x2 y1'));
    comeAndGo(queue, 2_000);
    queue.offer(new Entry('w1', 'w'), 10, false);
    assert.equal(takeAll(queue), 'x1 y1 w1 x2');
  });

  it('forgets the places of tenants without calls when there are too many of them', () => {
    const queue = queueOf(entries('x1 y1'), entries('y2'));
    assert.equal(queue.take(choice())?.name, 'x1');
    comeAndGo(queue, 300);
    queue.offer(new Entry('x2', 'x'), 10, false);
    assert.equal(takeAll(queue), 'y1 x2 y2');
    const other = queueOf(entries('x1 y1 z1'), entries('y2'));
    assert.equal(other.take(choice())?.name, 'x1');
    assert.equal(other.take(choice())?.name, 'y1');
    comeAndGo(other, 300);
    other.offer(new Entry('x2', 'x'), 10, false);
    assert.equal(takeAll(other), 'z1 x2 y2');
  });

  it('is the newest first within a tenant when the queue is standing', () => {
    const queue = queueOf(entries('x1 x2 x3 y1 y2'));
    assert.equal(takeAll(queue, choice({ newestFirst: true })), 'x3 y2 x2 y1 x1');
  });

  it('puts the classes in order', () => {
    const queue = queueOf(
      entries('b1', 'batch'),
      entries('d1 d2'),
      entries('i1 i2', 'interactive'),
    );
    assert.equal(takeAll(queue), 'i1 i2 d1 d2 b1');
  });

  it('gives every tenth grant to a class that waits below others', () => {
    const queue = queueOf(many(100, 'x', 'interactive'), many(50, 'y', 'batch'));
    const order = takeAll(queue).split(' ').slice(0, 60);
    assert.equal(order.filter((name) => name.startsWith('b')).length, 6);
    assert.equal(order[9], 'b0');
  });

  it('counts anew for a class whose calls have all left', () => {
    const [early, late] = many(2, 'y', 'batch');
    const queue = queueOf(many(100, 'x', 'interactive'), early === undefined ? [] : [early]);
    for (let count = 0; count < 9; count += 1) queue.take(choice());
    if (early !== undefined) queue.remove(early);
    if (late !== undefined) queue.offer(late, 1_000, false);
    const order = takeAll(queue).split(' ');
    assert.equal(order.indexOf('b1'), 9);
  });

  it('starves none of three classes', () => {
    const queue = queueOf(
      many(300, 'x', 'interactive'),
      many(300, 'y', 'default'),
      many(300, 'z', 'batch'),
    );
    const order = takeAll(queue).split(' ').slice(0, 200);
    const share = (start: string) => order.filter((name) => name.startsWith(start)).length / 200;
    assert.ok(share('i') >= 0.78 && share('d') >= 0.09 && share('b') >= 0.09);
  });

  it('leaves out who is not fit, and keeps its place', () => {
    const queue = queueOf(entries('x1 y1 x2'));
    const fits = ({ tenant }: Entry) => tenant === 'y';
    assert.equal(takeAll(queue, choice({ fits })), 'y1');
    assert.equal(takeAll(queue), 'x1 x2');
  });

  it('drops who has waited too long and serves the next', () => {
    const queue = queueOf(entries('x1 x2 x3 y1'));
    const stale: Entry[] = [];
    const how = choice({ staleBefore: 2, stale, newestFirst: true });
    assert.equal(takeAll(queue, how), 'x3 y1');
    assert.deepEqual(
      stale.map(({ name }) => name),
      ['x1', 'x2'],
    );
    assert.equal(queue.size, 0);
  });

  it('goes on to the next tenant when one has only stale calls', () => {
    const queue = queueOf(entries('x1 x2 y1'));
    assert.equal(queue.take(choice({ staleBefore: 2 }))?.name, 'y1');
  });
});

describe('the places of the queue', () => {
  const offer = (queue: WaitQueue<Entry>, entry: Entry, capacity: number) =>
    queue.offer(entry, capacity, false)?.name;

  it('are given until they are taken', () => {
    const queue = queueOf(entries('x1 x2 x3 x4'));
    assert.equal(offer(queue, new Entry('x5', 'x'), 4), 'x5');
    assert.equal(queue.size, 4);
  });

  it('of the longest line go to a tenant with fewer', () => {
    const queue = queueOf(entries('x1 x2 x3 y1'));
    assert.equal(offer(queue, new Entry('z1', 'z'), 4), 'x3');
    assert.equal(takeAll(queue), 'x1 y1 z1 x2');
  });

  it('do not change hands between equals', () => {
    const queue = queueOf(entries('x1 x2 y1 y2'));
    assert.equal(offer(queue, new Entry('y3', 'y'), 4), 'y3');
    assert.equal(offer(queue, new Entry('z1', 'z'), 4), 'x2');
    assert.equal(offer(queue, new Entry('z2', 'z'), 4), 'z2');
  });

  it('are lost by the oldest where the newest is served first', () => {
    const queue = queueOf(entries('x1 x2 x3'));
    assert.equal(queue.offer(new Entry('z1', 'z'), 3, true)?.name, 'x1');
  });

  it('go to higher classes, but a tenth stays with the lower one', () => {
    const queue = queueOf(many(20, 'x', 'batch'));
    const lost = entries(Array.from({ length: 20 }, (_, at) => `i${at}`).join(' '), 'interactive')
      .map((entry) => offer(queue, entry, 20))
      .filter((name) => name?.startsWith('b'));
    assert.equal(lost.length, 18);
    assert.equal(queue.sizeOf('batch'), 2);
  });

  it('are won by a lower class up to its tenth', () => {
    const queue = queueOf(many(20, 'x', 'interactive'));
    const lost = many(5, 'y', 'batch').map((entry) => offer(queue, entry, 20));
    assert.deepEqual(lost, ['i19', 'i18', 'b2', 'b3', 'b4']);
  });

  it('are free again when somebody leaves from the middle', () => {
    const list = entries('x1 x2 x3');
    const queue = queueOf(list);
    queue.remove(list[1] as Entry);
    assert.equal(offer(queue, new Entry('x4', 'x'), 3), undefined);
    assert.equal(takeAll(queue), 'x1 x3 x4');
  });

  it('cannot be left twice', () => {
    const list = entries('x1 x2');
    const queue = queueOf(list);
    queue.remove(list[0] as Entry);
    assert.throws(() => queue.remove(list[0] as Entry), /does not wait here/);
  });
});

describe('what the queue knows', () => {
  it('is how many are ahead of a newcomer of each class', () => {
    const queue = queueOf(entries('i1', 'interactive'), entries('d1 d2'), entries('b1', 'batch'));
    assert.deepEqual(
      (['interactive', 'default', 'batch'] as const).map((priority) => queue.ahead(priority)),
      [1, 3, 4],
    );
  });

  it('is since when the oldest waits', () => {
    const queue = queueOf(entries('x1 y1 x2').slice(1));
    assert.equal(queue.oldestSince, 1);
    takeAll(queue);
    assert.equal(queue.oldestSince, Number.POSITIVE_INFINITY);
  });

  it('is whom a test finds, oldest first in each line', () => {
    const queue = queueOf(entries('x1 y1 x2 y2'));
    const found = queue.removeAll(({ since }) => since < 3).map(({ name }) => name);
    assert.deepEqual(found, ['x1', 'x2', 'y1']);
    assert.equal(takeAll(queue), 'y2');
  });
});
