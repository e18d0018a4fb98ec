import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { getHeapSnapshot } from 'node:v8';
import fc from 'fast-check';
import { HeaderList } from '../../core/header-list.ts';
import { AccessKeys } from './access-keys.ts';
import type { AccessKeyEntry } from './access-keys.ts';
import type { KeyField } from './presented-key.ts';

const CI = 'ci-0123456789abcdef';
const ANN = 'ann-0123456789abcdef';
const PROVIDER = 'sk-provider-0123456789';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function entry(name: string, over: Partial<AccessKeyEntry>): AccessKeyEntry {
  return { name, key: undefined, sha256: undefined, tenant: name, priority: 'default', ...over };
}

const entries = [
  entry('ci', { key: CI, tenant: 'qa', priority: 'batch' }),
  entry('ann', { sha256: sha256(ANN).toUpperCase(), priority: 'interactive' }),
];

type Fields = readonly (readonly [string, string])[];

function find(fields: Fields, keys: AccessKeys = new AccessKeys(entries)) {
  const answer = keys.find(HeaderList.of(fields));
  return typeof answer === 'string' ? answer : `${answer.caller.name} by ${answer.via}`;
}

/** What goes upstream of a request that is let in. */
function upstream(fields: Fields): Fields {
  const keys = new AccessKeys(entries);
  const headers = HeaderList.of(fields);
  const answer = keys.find(headers);
  assert.ok(typeof answer !== 'string');
  return [...keys.stripped(headers, answer.via)];
}

/** Every string that is held at the moment, and much else. */
async function heapText(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of getHeapSnapshot()) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('latin1');
}

describe('the keys of callers', () => {
  const table: readonly (readonly [string, Fields, string])[] = [
    ['lets a key in by x-holdfast-key', [['x-holdfast-key', CI]], 'ci by x-holdfast-key'],
    ['lets a key in as a bearer', [['Authorization', `Bearer ${CI}`]], 'ci by authorization'],
    ['lets a key in by x-api-key', [['X-Api-Key', CI]], 'ci by x-api-key'],
    ['knows a key by its digest alone', [['x-api-key', ANN]], 'ann by x-api-key'],
    ['misses a key where none is', [['accept', '*/*']], 'missing'],
    ['takes other schemes for no key', [['authorization', `Basic ${CI}`]], 'missing'],
    [
      'takes empty fields for no key',
      [
        ['x-holdfast-key', ''],
        ['x-api-key', ''],
      ],
      'missing',
    ],
    ['knows no other key', [['x-api-key', PROVIDER]], 'unknown'],
    ['knows no part of a key', [['x-api-key', CI.slice(0, -1)]], 'unknown'],
    ['knows no longer key', [['x-api-key', `${CI}0`]], 'unknown'],
    ['minds the case of a key', [['x-api-key', CI.toUpperCase()]], 'unknown'],
    ['does not take a digest for the key', [['x-api-key', sha256(ANN)]], 'unknown'],
    [
      'reads its own field first',
      [
        ['x-api-key', CI],
        ['authorization', `Bearer ${CI}`],
        ['x-holdfast-key', ANN],
      ],
      'ann by x-holdfast-key',
    ],
    [
      'lets nobody in by another field when its own field is wrong',
      [
        ['x-api-key', CI],
        ['x-holdfast-key', PROVIDER],
      ],
      'unknown',
    ],
    [
      'looks beyond a bearer that is for the upstream',
      [
        ['authorization', `Bearer ${PROVIDER}`],
        ['x-api-key', CI],
      ],
      'ci by x-api-key',
    ],
    [
      'reads the bearer before x-api-key',
      [
        ['x-api-key', ANN],
        ['authorization', `Bearer ${CI}`],
      ],
      'ci by authorization',
    ],
  ];
  for (const [what, fields, answer] of table) {
    it(what, () => assert.equal(find(fields), answer));
  }

  it('answers with one frozen caller for all calls of a key', () => {
    const keys = new AccessKeys(entries);
    const first = keys.find(HeaderList.of([['x-api-key', CI]]));
    const second = keys.find(HeaderList.of([['x-holdfast-key', CI]]));
    assert.ok(typeof first === 'object' && typeof second === 'object');
    assert.deepEqual(first.caller, { name: 'ci', tenant: 'qa', priority: 'batch' });
    assert.equal(first.caller, second.caller);
    assert.ok(Object.isFrozen(first.caller));
  });

  it('finds exactly the keys it was given, whatever they are', () => {
    const key = fc.stringMatching(/^[!-~]{1,40}$/);
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 20 }), key, (texts, other) => {
        const keys = new AccessKeys(
          texts.map((text, at) =>
            entry(`k${at}`, at % 2 === 0 ? { key: text } : { sha256: sha256(text) }),
          ),
        );
        assert.equal(keys.size, texts.length);
        for (const [at, text] of [...texts, other].entries()) {
          const place = texts.indexOf(text);
          const expected = place < 0 ? 'unknown' : `k${place} by x-api-key`;
          assert.equal(find([['x-api-key', text]], keys), expected, `${at}`);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('refuses to guess between two callers with one key', () => {
    const twin = entry('twin', { sha256: sha256(CI) });
    assert.throws(() => new AccessKeys([...entries, twin]), /"ci" and "twin" are the same key/);
    assert.throws(() => new AccessKeys([entry('none', {})]), /"none" has neither/);
  });

  it('keeps neither a key nor its digest anywhere in the memory of the process', async () => {
    const control = [randomBytes(16).toString('hex')];
    const backwards: string[][] = [];
    const keys = [true, false].map((byText) => {
      const text = randomBytes(16).toString('hex');
      const digest = sha256(text);
      for (const each of [text, digest]) backwards.push([...each].toReversed());
      const made = new AccessKeys([entry('a', byText ? { key: text } : { sha256: digest })]);
      assert.equal(find([['x-api-key', text]], made), 'a by x-api-key');
      return made;
    });
    const heap = await heapText();
    assert.equal(heap.includes(control[0] ?? ''), true);
    for (const text of backwards) {
      assert.equal(heap.includes(text.toReversed().join('')), false);
    }
    assert.deepEqual(
      keys.map(({ size }) => size),
      [1, 1],
    );
  });

  it('tells what was presented in vain, and does not lock anybody out', () => {
    const said: string[] = [];
    const keys = new AccessKeys(entries, {
      keyMissing: () => said.push('missing'),
      keyUnknown: (field: KeyField) => said.push(`unknown ${field}`),
    });
    for (let at = 0; at < 1_000; at += 1) find([['x-api-key', `guess-${at}`]], keys);
    assert.equal(said.length, 1_000);
    assert.equal(find([['x-api-key', CI]], keys), 'ci by x-api-key');
    assert.equal(said.length, 1_000);
    find([], keys);
    find(
      [
        ['authorization', 'Bearer no'],
        ['x-api-key', 'no'],
      ],
      keys,
    );
    assert.deepEqual(said.slice(-2), ['missing', 'unknown authorization']);
  });
});

describe('what goes upstream', () => {
  const rest = ['accept', '*/*'] as const;
  const provider = ['authorization', `Bearer ${PROVIDER}`] as const;
  const table: readonly (readonly [string, Fields, Fields])[] = [
    ['is without the key', [['x-holdfast-key', CI], rest], [rest]],
    ['is without the bearer', [rest, ['authorization', `Bearer ${CI}`]], [rest]],
    ['is without x-api-key', [['X-API-Key', CI], rest], [rest]],
    ['keeps the key for the upstream', [provider, ['x-holdfast-key', CI]], [provider]],
    ['keeps a bearer for the upstream', [provider, ['x-api-key', CI]], [provider]],
    [
      'is without the key in every field that carries it',
      [['authorization', `Bearer ${CI}`], ['x-api-key', CI], ['cookie', `a=b; k=${CI}`], rest],
      [rest],
    ],
    [
      'is without another key of this gateway',
      [['x-holdfast-key', CI], ['authorization', `Bearer ${ANN}`], rest],
      [rest],
    ],
    [
      'is without a key that came twice in one field',
      [['x-api-key', CI], rest, ['x-api-key', PROVIDER], ['x-holdfast-key', CI]],
      [rest],
    ],
    [
      'is without a key that hides behind another value',
      [['x-api-key', PROVIDER], rest, ['X-Api-Key', CI], ['x-holdfast-key', CI]],
      [rest],
    ],
  ];
  for (const [what, fields, goesOn] of table) {
    it(what, () => assert.deepEqual(upstream(fields), goesOn));
  }

  it('is not searched for keys so short that they stand in any text', () => {
    const keys = new AccessKeys([entry('short', { sha256: sha256('json') })]);
    const type = ['content-type', 'application/json'] as const;
    const headers = HeaderList.of([['x-api-key', 'json'], type]);
    assert.deepEqual([...keys.stripped(headers, 'x-api-key')], [type]);
  });

  it('never holds the key it was let in with, wherever that stands', () => {
    const field = fc.constantFrom('x-holdfast-key', 'authorization', 'x-api-key', 'cookie', 'x-q');
    const value = fc.constantFrom(CI, `Bearer ${CI}`, `a=${CI}`, PROVIDER, '', `Basic ${CI}`);
    fc.assert(
      fc.property(fc.array(fc.tuple(field, value), { maxLength: 6 }), (fields) => {
        const keys = new AccessKeys(entries);
        const headers = HeaderList.of(fields);
        const answer = keys.find(headers);
        if (typeof answer === 'string') return;
        const out = keys.stripped(headers, answer.via);
        assert.equal(out.text.includes(CI), false);
        assert.equal(out.has('x-holdfast-key'), false);
        assert.equal(out.text, HeaderList.of(out).text);
      }),
    );
  });
});
