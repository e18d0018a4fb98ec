// Whole JSON answers, JSON lines and unreadable bodies: empty, cut or complete.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { openEndedStreams } from './sample-streams.ts';
import { sampleAnswers } from './sample-answers.ts';
import { bytesOf, headWith, lend, lendCut, scannerOf, slots } from './scan.fixture.ts';
import { dialectByName } from './dialects.ts';

const verdictOf = (dialect: string, type: string, text: string, lenient = false) => {
  const scanner = scannerOf(dialect, type, lenient);
  lend(scanner, bytesOf(text));
  return scanner.finish();
};

for (const answer of sampleAnswers) {
  describe(answer.name, () => {
    const bytes = bytesOf(answer.text);
    const body = bytesOf(answer.text.trimEnd()).length;

    it('is complete as a whole and tells what it cost', () => {
      const scanner = scannerOf(answer.dialect, answer.contentType);
      lend(scanner, bytes);
      assert.equal(scanner.finish(), undefined);
      const { contentEvents: _reads, ...rest } = answer.found;
      for (const [slot, value] of Object.entries(rest)) {
        assert.equal(scanner.progress[slot as keyof typeof rest], value, slot);
      }
    });

    it('is never complete when cut before its last bracket', () => {
      for (let cut = 0; cut < body; cut += 1) {
        const scanner = scannerOf(answer.dialect, answer.contentType);
        lend(scanner, bytes.subarray(0, cut));
        const blank = answer.text.slice(0, cut).trim() === '';
        assert.equal(scanner.finish(), blank ? 'EMPTY_ANSWER' : 'STREAM_TRUNCATED', `at ${cut}`);
      }
    });

    it('tells the same at every split and lets nobody write into it', () => {
      const whole = scannerOf(answer.dialect, answer.contentType);
      lend(whole, bytes);
      for (let cut = 1; cut < bytes.length; cut += 1) {
        const split = scannerOf(answer.dialect, answer.contentType);
        assert.equal(split.progress.atBoundary, false);
        lendCut(split, bytes, [cut]);
        assert.deepEqual(slots(split.progress), { ...slots(whole.progress), contentEvents: 2 });
        assert.equal(split.progress.atBoundary, false);
      }
    });
  });
}

describe('a JSON answer', () => {
  it('of any content is complete exactly when it is whole', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (json, seed) => {
        if (!/^[[{"]/.test(json)) return;
        const bytes = bytesOf(json);
        const cut = seed % bytes.length;
        const scanner = scannerOf('anthropic', 'application/json');
        lendCut(scanner, bytes.subarray(0, cut), [cut >> 1]);
        assert.equal(scanner.finish(), cut === 0 ? 'EMPTY_ANSWER' : 'STREAM_TRUNCATED');
        const whole = scannerOf('anthropic', 'application/json');
        lendCut(whole, bytes, [cut]);
        assert.equal(whole.finish(), undefined);
      }),
      { numRuns: 1000 },
    );
  });

  it('is not judged when it is a bare number or no JSON at all', () => {
    for (const text of ['12', 'true', '<html>oops']) {
      assert.equal(verdictOf('anthropic', 'application/json', text), undefined, text);
    }
  });

  it('names the error it carries', () => {
    const scanner = scannerOf('anthropic', 'application/json');
    lend(scanner, bytesOf('{"type":"error","error":{"type":"overloaded_error","message":"x"}}'));
    assert.equal(scanner.progress.errorType, 'overloaded_error');
    const none = scannerOf('openai-responses', 'application/json');
    lend(none, bytesOf('{"id":"r","error":null}'));
    assert.equal(none.progress.errorType, undefined);
  });

  it('of known and huge length is left unread', () => {
    const head = headWith(
      { 'content-type': 'application/json' },
      { framing: 'length', length: 5_000_000 },
    );
    const scanner = dialectByName('openai-chat')?.scannerFor(head, false);
    if (scanner === undefined) throw new Error('no scanner');
    scanner.scan(bytesOf('{"usage":{"prompt_tokens":3}}'), 0, 29);
    assert.equal(scanner.progress.inputTokens, -1);
    assert.equal(scanner.finish(), undefined);
  });
});

describe('JSON lines', () => {
  const lines = openEndedStreams.find((sample) => sample.dialect === 'ndjson');
  if (lines === undefined) throw new Error('no sample');
  const type = lines.contentType;

  for (const end of ['\n', '\r\n']) {
    const bytes = bytesOf(lines.text.replaceAll('\n', end));

    it(`ended by ${JSON.stringify(end)} are complete exactly behind a whole line`, () => {
      const text = Buffer.from(bytes).toString('utf8');
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        const scanner = scannerOf('ndjson', type);
        lend(scanner, bytes.subarray(0, cut));
        const last =
          text
            .slice(0, cut)
            .split(/\r\n|\r|\n/)
            .at(-1) ?? '';
        const whole = last === '' || last.endsWith('}\n') || /^\{.*"\}$|^\{.*290\}$/.test(last);
        const expected = cut === 0 ? 'EMPTY_ANSWER' : whole ? undefined : 'STREAM_TRUNCATED';
        assert.equal(scanner.finish(), expected, `cut after ${cut}: ${last}`);
      }
    });

    it(`ended by ${JSON.stringify(end)} tell the same at every split`, () => {
      const whole = scannerOf('ndjson', type);
      lend(whole, bytes);
      assert.equal(whole.progress.contentEvents, lines.found.contentEvents);
      for (let cut = 1; cut < bytes.length; cut += 1) {
        const split = scannerOf('ndjson', type);
        lendCut(split, bytes, [cut]);
        assert.deepEqual(slots(split.progress), slots(whole.progress), `cut at ${cut}`);
      }
      const single = scannerOf('ndjson', type);
      for (let at = 0; at < bytes.length; at += 1) lend(single, bytes.subarray(at, at + 1));
      assert.deepEqual(slots(single.progress), slots(whole.progress));
    });
  }

  it('may end with a whole value instead of a line end', () => {
    assert.equal(verdictOf('ndjson', type, '{"a":1}\n{"b":{"c":[2]}}'), undefined);
    assert.equal(verdictOf('ndjson', type, '{"a":1}\n{"b":{"c":[2]}'), 'STREAM_TRUNCATED');
    assert.equal(verdictOf('ndjson', type, '{"a":1}\n{"b":{"c":[2]}', true), undefined);
    assert.equal(verdictOf('ndjson', type, '{"b":', true), 'STREAM_TRUNCATED');
  });

  it('tell of an error that a line begins with', () => {
    const scanner = scannerOf('ndjson', type);
    lendCut(scanner, bytesOf('{"x":"error"}\n{"error":"boom"}\n'), [17]);
    assert.equal(scanner.progress.errorType, 'error');
    const none = scannerOf('ndjson', type);
    lend(none, bytesOf('{"x":{"error":1}}\n'));
    assert.equal(none.progress.errorType, undefined);
  });

  it('of a batch may be none at all', () => {
    assert.equal(verdictOf('anthropic', 'application/x-jsonl', ''), undefined);
    assert.equal(
      verdictOf('anthropic', 'application/x-jsonl', '{"custom_id":'),
      'STREAM_TRUNCATED',
    );
    assert.equal(verdictOf('plain', 'application/x-ndjson', ''), undefined);
  });
});
