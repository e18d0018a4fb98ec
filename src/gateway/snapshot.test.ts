import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from './config/load.ts';
import { configReference } from './config/reference.ts';
import { startOptions } from './config/start-options.ts';
import { stubServices } from './router.fixture.ts';
import { Snapshot, needsRestart } from './snapshot.ts';

function snapshot(text: string, before?: Snapshot): Snapshot {
  const loaded = loadConfig({ name: 'f', text }, { env: {}, readText: () => '' });
  assert.ok(loaded.settings, loaded.lines.join('\n'));
  return new Snapshot(loaded, loaded.settings, stubServices, {}, undefined, before);
}

const shown = (of: Snapshot, path: string): unknown => {
  const option = of.explained().find((each) => each.path === path);
  return option && [option.value, option.source, option.atNextStart];
};

describe('a snapshot of the configuration', () => {
  it('shows the value the process runs with, and the one that waits for its next start', () => {
    const first = snapshot('breaker: { failures: 5 }');
    const second = snapshot('breaker: { failures: 2 }', first);
    assert.deepEqual(shown(first, 'breaker.failures'), ['5', 'file', undefined]);
    assert.deepEqual(shown(second, 'breaker.failures'), ['5', 'file', '2']);
  });

  it('still knows the start after several reloads, and when a value has come back', () => {
    const first = snapshot('');
    const second = snapshot('limits: { keepAlive: 200s }', first);
    const third = snapshot('limits: { keepAlive: 300s }', second);
    assert.deepEqual(shown(third, 'limits.keepAlive'), ['125s', 'default', '300s']);
    const fourth = snapshot('', third);
    assert.deepEqual(shown(fourth, 'limits.keepAlive'), ['125s', 'default', undefined]);
  });

  it('marks nothing that is in force at once', () => {
    const after = snapshot(
      'drain: { lag: 1s }\nlimits: { replayBytes: 1MiB }\nsimulator: false',
      snapshot(''),
    );
    assert.deepEqual(shown(after, 'drain.lag'), ['1s', 'file', undefined]);
    assert.deepEqual(shown(after, 'limits.replayBytes'), ['1MiB', 'file', undefined]);
    assert.ok(after.explained().every(({ atNextStart }) => atNextStart === undefined));
  });
});

describe('what a new configuration changes only at the next start', () => {
  const late = (text: string): string[] => {
    return needsRestart(snapshot('').settings, snapshot(text).settings);
  };

  it('is named by its top-level option', () => {
    assert.deepEqual(late('workers: 2\nguard: false\nlog: { level: warn }'), [
      'workers',
      'guard',
      'log',
    ]);
    assert.deepEqual(late('breaker: { slowAfter: none }'), ['breaker']);
    assert.deepEqual(late('limits: { headFields: 64 }'), ['limits']);
  });

  it('is nothing where all takes effect at once', () => {
    assert.deepEqual(late('limits: { replayBytes: 1MiB }\ndrain: { grace: 1s }'), []);
  });

  it('is told in full by the reference page', () => {
    const sentence = /^- (.*) take effect at the next start\.$/m.exec(configReference())?.[1] ?? '';
    const names = [...sentence.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    assert.deepEqual(names, [...startOptions, 'limits.replayBytes']);
  });
});
