import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { directiveTable, readDirectives, withoutDirectives } from './directives.ts';
import type { Directives } from './directives.ts';

function read(text: string): Directives {
  const found = readDirectives(text);
  if (typeof found === 'string') throw new Error(found);
  return found;
}

describe('directives', () => {
  it('are read from anywhere in the text', () => {
    const found = read('Say [[tokens=200]] words\n[[head=1.5s]][[gap=10ms]] [[first=2m]], please');
    equal(found.tokens, 200);
    equal(found.headMs, 1500);
    equal(found.gapMs, 10);
    equal(found.firstMs, 120_000);
  });

  it('place a fault after a number of tokens', () => {
    deepEqual(read('[[error@5]]').fault, { kind: 'error', at: 5, waitMs: 0 });
    deepEqual(read('[[stop@0]]').fault, { kind: 'stop', at: 0, waitMs: 0 });
    deepEqual(read('[[stall@3=90s]]').fault, { kind: 'stall', at: 3, waitMs: 90_000 });
    deepEqual(read('[[stall@3]]').fault, { kind: 'stall', at: 3, waitMs: 600_000 });
  });

  it('leave other double brackets alone', () => {
    const text = 'if [[ -f x ]]; then see [[Wiki Page]] and [[unknown=1]]';
    deepEqual(read(text), read(''));
    equal(withoutDirectives(text), text);
  });

  it('are taken out of what the model is to understand', () => {
    equal(withoutDirectives('[[tokens=5]] call [[tool]] now [[x=1]]'), 'call  now [[x=1]]');
  });

  it('refuse values and places that make no sense', () => {
    const senseless = [
      '[[tokens]]',
      '[[tokens=-1]]',
      '[[tokens=100001]]',
      '[[tokens@3=1]]',
      '[[tokens=1e9]]',
      '[[head=2h]]',
      '[[head=61m]]',
      '[[gap=fast]]',
      '[[jitter=2]]',
      '[[status=200]]',
      '[[status=600]]',
      '[[error]]',
      '[[error@5=x]]',
      '[[stall@5=x]]',
      '[[odds=1.5]]',
      '[[think=on]]',
      '[[tools=0]]',
      '[[pings=0]]',
      '[[rounds=51]]',
    ];
    for (const text of senseless) {
      equal(readDirectives(text), `The directive ${text} makes no sense.`);
    }
  });

  it('are all in the table, and every example of it is understood', () => {
    const untouched = JSON.stringify(read(''));
    const names = new Set<string>();
    for (const { form, example, meaning } of directiveTable) {
      ok(JSON.stringify(read(example)) !== untouched, example);
      ok(meaning.endsWith('.'));
      names.add(/^[a-z-]+/.exec(form)?.[0] ?? '');
    }
    equal(names.size, directiveTable.length);
  });
});
