import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { ConfigWatch, SETTLE_MS } from './config-watch.ts';

describe('config watch', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-watch-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('reads once after several writes in a row', () => {
    const clock = new VirtualClock();
    let reads = 0;
    const watch = new ConfigWatch(join(folder, 'c.yaml'), clock, () => (reads += 1), assert.fail);
    watch.touched('c.yaml');
    clock.advance(SETTLE_MS - 1);
    watch.touched('..data');
    clock.advance(SETTLE_MS - 1);
    assert.equal(reads, 0);
    clock.advance(1);
    assert.equal(reads, 1);
    watch.close();
  });

  it('is not concerned with other files in the folder', () => {
    const clock = new VirtualClock();
    const watch = new ConfigWatch(join(folder, 'c.yaml'), clock, assert.fail, assert.fail);
    watch.touched('gateway.log');
    clock.advance(SETTLE_MS * 2);
    watch.close();
  });

  it('leaves no timer behind', () => {
    const clock = new VirtualClock();
    const watch = new ConfigWatch(join(folder, 'c.yaml'), clock, assert.fail, assert.fail);
    watch.touched(null);
    watch.close();
    assert.equal(clock.pending, 0);
  });

  it('says so when the folder cannot be watched', () => {
    const told: string[] = [];
    const file = join(folder, 'gone', 'c.yaml');
    new ConfigWatch(file, new VirtualClock(), assert.fail, (why) => told.push(why)).close();
    assert.match(told[0] ?? '', /ENOENT/);
  });
});
