import { equal, notEqual } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bodyDigest } from './body-digest.ts';

const digest = (text: string, names: readonly string[] = ['meta']): string =>
  bodyDigest(Buffer.from(text), names);

describe('a body digest', () => {
  it('is SHA-256 of the bytes where no object is named', () => {
    const text = '{"input":"hello"}';
    equal(digest(text), createHash('sha256').update(text).digest('base64'));
    equal(digest(text, []), digest(text));
  });

  it('does not see the order of the members of a named object', () => {
    const members = fc.dictionary(
      fc.string({ maxLength: 8 }),
      fc.oneof(
        fc.string(),
        fc.integer(),
        fc.array(fc.string()),
        fc.dictionary(fc.string(), fc.nat()),
      ),
      { maxKeys: 6 },
    );
    const property = fc.property(members, fc.string(), fc.nat(), (meta, input, seed) => {
      const entries = Object.entries(meta).map(
        ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
      );
      const turned = entries.map((_, at) => entries[(at + seed) % entries.length]);
      const body = (list: readonly (string | undefined)[]): string =>
        `{"input":${JSON.stringify(input)},"meta":{${list.join(',')}},"stream":true}`;
      equal(digest(body(entries)), digest(body(turned)));
      equal(digest(body(entries)), digest(body(entries.toReversed())));
      notEqual(digest(body(entries)), digest(body([...entries, '"one more":1'])));
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('sees every other difference', () => {
    const texts = [
      '{"meta":{"a":1,"b":2}}',
      '{"meta":{"a":2,"b":1}}',
      '{"meta":{"a":1},"b":2}',
      '{"meta":{"a":1,"b":2},"c":3}',
      '{"meta":{"a":[1,2],"b":2}}',
      '{"meta":{"a":[2,1],"b":2}}',
      '{"meta":{"a":"1,2","b":2}}',
      '{"meta":{"a":"2,1","b":2}}',
      '{"other":{"a":1,"b":2}}',
      '{"other":{"b":2,"a":1}}',
      '{"meta":["a","b"]}',
      '{"meta":["b","a"]}',
    ];
    equal(new Set(texts.map((text) => digest(text))).size, texts.length);
  });

  it('does not take a quotation of such an object for one', () => {
    const quoting = (text: string): string => JSON.stringify({ input: text });
    notEqual(digest(quoting('"meta":{"a":1,"b":2}')), digest(quoting('"meta":{"b":2,"a":1}')));
  });

  it('looks at every such object, and only at the outer one of two', () => {
    const body = (one: string, other: string): string => `[{"meta":{${one}}},{"meta":{${other}}}]`;
    equal(digest(body('"a":1,"b":2', '"c":3,"d":4')), digest(body('"b":2,"a":1', '"d":4,"c":3')));
    notEqual(digest(body('"a":1', '"c":3')), digest(body('"c":3', '"a":1')));
    const nested = (inner: string): string => `{"meta":{"x":1,"meta":{${inner}}}}`;
    notEqual(digest(nested('"a":1,"b":2')), digest(nested('"b":2,"a":1')));
    const names = ['inner', 'meta'];
    const one = digest('{"meta":{"x":1,"inner":{"a":1,"b":2}}}', names);
    equal(one, digest('{"meta":{"inner":{"a":1,"b":2},"x":1}}', names));
  });

  it('takes an object without an end as it is', () => {
    for (const text of ['{"meta":{', '{"meta":{"a', '{"meta":{"a\\', '{"meta":{"a":1,"b":{']) {
      equal(digest(text), createHash('sha256').update(text).digest('base64'));
    }
  });
});
