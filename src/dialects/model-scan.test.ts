// The model of a request, found in passing and at any split, agrees with JSON.parse.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ModelScan } from './model-scan.ts';
import { bytesOf } from './scan.fixture.ts';

/** Feeds pieces that end at `cuts` until the scan is done; spoils each piece afterwards. */
function scanned(bytes: Uint8Array, cuts: readonly number[]): { scan: ModelScan; read: number } {
  const scan = new ModelScan();
  let from = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    if (cut <= from || cut > bytes.length) continue;
    const piece = bytes.slice(from, cut);
    from = cut;
    const done = scan.feed(piece) === 'done';
    piece.fill(0x22);
    if (done) break;
  }
  return { scan, read: from };
}

const singles = (bytes: Uint8Array) => Array.from(bytes, (_, at) => at);

describe('the model of a request body', () => {
  it('is found wherever it stands and however it is spelt', () => {
    const bodies: [string, string | undefined][] = [
      ['{"model":"claude-sonnet-4-5","messages":[]}', 'claude-sonnet-4-5'],
      ['{"messages":[{"role":"user","content":"hi"}],"model":"m"}', 'm'],
      [' \n{ "max_tokens" : 1 ,\t"model" : "spaced" }', 'spaced'],
      ['\uFEFF{"model":"marked"}', 'marked'],
      ['{"model":"caf\\u00e9 \\"x\\" \\\\"}', 'café "x" \\'],
      ['{"mod\\u0065l":"escaped key"}', 'escaped key'],
      ['{"model":"é😀"}', 'é😀'],
      ['{"model":""}', ''],
      ['{"stream":true,"n":-1.5e3,"x":null,"model":"after values"}', 'after values'],
    ];
    for (const [text, model] of bodies) {
      const bytes = bytesOf(text);
      assert.equal(scanned(bytes, []).scan.model, model, text);
      assert.equal(scanned(bytes, singles(bytes)).scan.model, model, `${text}, byte by byte`);
    }
  });

  it('is never taken from a nested object, a list or a text', () => {
    const bodies = [
      '{"metadata":{"model":"x"},"a":[{"model":"x"}]}',
      '[{"model":"x"}]',
      '{"text":"\\"model\\":\\"x\\"","t2":"{\\"model\\":\\"x\\"}"}',
      '{"a":"\\\\","b":"\\\\\\"model\\":\\"x"}',
      '{"models":"x","mode":"x","Model":"x","":"x"}',
      '{"model":{"model":"x"}}',
      '{"model":["x"]}',
      '{"model":5}',
      '"model"',
      '{}',
      '',
    ];
    for (const text of bodies) {
      const bytes = bytesOf(text);
      assert.equal(scanned(bytes, []).scan.model, undefined, text);
      assert.equal(scanned(bytes, singles(bytes)).scan.model, undefined, `${text}, byte by byte`);
    }
  });

  it('ends the scan as soon as it is known, or as the object is over', () => {
    const early = bytesOf(`{"model":"m","text":"${'x'.repeat(1000)}"}`);
    assert.ok(scanned(early, singles(early)).read < 14);
    const scan = new ModelScan();
    assert.equal(scan.feed(bytesOf('{"a":1')), 'more');
    assert.equal(scan.feed(bytesOf('} {"model":"m"}')), 'done');
    assert.equal(scan.model, undefined);
  });

  it('is bounded: longer names than any real one are not kept', () => {
    const name = 'm'.repeat(256);
    assert.equal(scanned(bytesOf(`{"model":"${name}"}`), []).scan.model, name);
    for (const cuts of [[], [100], [300]]) {
      const bytes = bytesOf(`{"model":"${name}m","x":1}`);
      assert.equal(scanned(bytes, cuts).scan.model, undefined);
    }
  });

  it('comes with the wish for a stream, if that stood in front', () => {
    const wish = (text: string) => scanned(bytesOf(text), []).scan.streamRequested;
    assert.equal(wish('{"stream":true,"model":"m"}'), true);
    assert.equal(wish('{"stream":false,"model":"m"}'), false);
    assert.equal(wish('{"stream":"true","model":"m"}'), false);
    assert.equal(wish('{"x":{"stream":true},"model":"m"}'), false);
    assert.equal(wish('{"stream":1,"model":"m"}'), false);
  });

  it('agrees with JSON.parse for any JSON, at any split', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    const tricky = fc.constantFrom('"model":"x"', '\\', '\\"', '{"model":"x"}', '}', ']', '"');
    const members = fc.dictionary(
      fc.oneof(text, tricky, fc.constantFrom('model', 'stream', 'messages')),
      fc.oneof(fc.jsonValue(), text, tricky, fc.record({ model: text })),
      { maxKeys: 8, noNullPrototype: true },
    );
    const body = fc.tuple(members, fc.option(text, { nil: undefined }), fc.nat({ max: 3 }));
    const spelt = body.map(([rest, model, indent]) => {
      const parts: Record<string, unknown> = rest;
      if (model !== undefined) parts['model'] = model;
      return JSON.stringify(parts, null, indent);
    });
    const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 8 });
    fc.assert(
      fc.property(fc.oneof(spelt, fc.json()), cuts, (json, at) => {
        const bytes = bytesOf(json);
        const value: unknown = JSON.parse(json);
        const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
        const model: unknown = isObject ? Reflect.get(value, 'model') : undefined;
        const expected = typeof model === 'string' && Object.hasOwn(value as object, 'model');
        const want = expected ? model : undefined;
        assert.equal(scanned(bytes, at).scan.model, want);
        assert.equal(scanned(bytes, singles(bytes)).scan.model, want);
      }),
      { numRuns: Number(process.env['RUNS'] ?? 2000) },
    );
  });

  it('survives bytes that are no JSON at all', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.array(fc.nat({ max: 80 })),
        (bytes, cuts) => {
          const one = scanned(bytes, []);
          const many = scanned(bytes, cuts);
          assert.equal(one.scan.model, many.scan.model);
        },
      ),
    );
  });
});
