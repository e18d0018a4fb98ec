// Event streams cut, split and spelt in every way that a network or server may choose.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anthropicEvents, chatEvents, namelessEvent } from './samples.ts';
import type { SampleAnswer } from './sample-streams.ts';
import { openEndedStreams, sampleStreams } from './sample-streams.ts';
import { bytesOf, lend, lendCut, scannerOf, slots } from './scan.fixture.ts';

const eventStreams = [...sampleStreams, ...openEndedStreams.filter((s) => s.dialect === 'sse')];

/** The same stream with other line ends, or with a byte order mark in front. */
function variants(sample: SampleAnswer): { kind: string; bytes: Uint8Array; closing: number }[] {
  const spelt = (kind: string, text: string, closing: string) => ({
    kind: `${sample.name}, ${kind}`,
    bytes: bytesOf(text),
    closing: bytesOf(closing).length,
  });
  const with_ = (end: string): [string, string] => [
    sample.text.replaceAll('\n', end),
    sample.closing.replaceAll('\n', end),
  ];
  return [
    spelt('LF', sample.text, sample.closing),
    spelt('CRLF', ...with_('\r\n')),
    spelt('CR', ...with_('\r')),
    spelt('byte order mark', `\uFEFF${sample.text}`, sample.closing),
  ];
}

/** Where an event has just ended: after a blank line, or after a comment that no field precedes. */
function boundaries(text: string): Set<number> {
  const ends = new Set([0]);
  let inEvent = false;
  const marked = text.startsWith('\uFEFF');
  let at = marked ? 3 : 0;
  if (marked) ends.add(3);
  for (const match of text.slice(marked ? 1 : 0).matchAll(/([^\r\n]*)(\r\n|\n|\r)/g)) {
    at += bytesOf(match[0]).length;
    const line = match[1] ?? '';
    if (line === '') inEvent = false;
    else if (!line.startsWith(':')) inEvent = true;
    // After a bare CR only a blank line tells that no LF will follow.
    if (!inEvent && (match[2] !== '\r' || line === '')) ends.add(at);
  }
  return ends;
}

for (const sample of eventStreams) {
  for (const { kind, bytes, closing } of variants(sample)) {
    describe(kind, () => {
      it('is complete as a whole and tells what it cost', () => {
        const scanner = scannerOf(sample.dialect, sample.contentType);
        lend(scanner, bytes);
        assert.equal(scanner.finish(), undefined);
        const found = scanner.progress;
        for (const [slot, value] of Object.entries(sample.found)) {
          assert.equal(found[slot as keyof typeof sample.found], value, slot);
        }
        assert.equal(found.atBoundary, true);
        assert.equal(found.lenientEnd, false);
      });

      it('is never complete when cut before its last byte', () => {
        const open = sample.dialect === 'sse';
        const legal = boundaries(Buffer.from(bytes).toString('utf8'));
        for (let cut = 0; cut < bytes.length; cut += 1) {
          const scanner = scannerOf(sample.dialect, sample.contentType);
          lend(scanner, bytes.subarray(0, cut));
          const verdict = scanner.finish();
          if (open && cut > 0 && legal.has(cut)) continue;
          assert.notEqual(verdict, undefined, `cut after ${cut} of ${bytes.length} bytes`);
        }
        assert.ok(closing > 0);
      });

      it('knows at every byte whether an event has just ended', () => {
        const legal = boundaries(Buffer.from(bytes).toString('utf8'));
        const scanner = scannerOf(sample.dialect, sample.contentType);
        for (let at = 0; at < bytes.length; at += 1) {
          assert.equal(scanner.progress.atBoundary, legal.has(at), `after ${at} bytes`);
          lend(scanner, bytes.subarray(at, at + 1));
        }
        assert.equal(scanner.progress.atBoundary, true);
      });

      it('tells the same after every byte, however the bytes before it were cut', () => {
        const single = scannerOf(sample.dialect, sample.contentType);
        for (let at = 1; at <= bytes.length; at += 1) {
          lend(single, bytes.subarray(at - 1, at));
          const whole = scannerOf(sample.dialect, sample.contentType);
          lend(whole, bytes.subarray(0, at));
          assert.deepEqual(slots(single.progress), slots(whole.progress), `after ${at} bytes`);
        }
      });

      it('tells the same when any two reads share it', () => {
        const whole = scannerOf(sample.dialect, sample.contentType);
        lend(whole, bytes);
        for (let cut = 1; cut < bytes.length; cut += 1) {
          const split = scannerOf(sample.dialect, sample.contentType);
          lendCut(split, bytes, [cut]);
          assert.deepEqual(slots(split.progress), slots(whole.progress), `cut at ${cut}`);
          assert.equal(split.finish(), undefined);
        }
      });
    });
  }
}

describe('the end of an event stream', () => {
  const verdict = (dialect: string, text: string, lenient = false) => {
    const scanner = scannerOf(dialect, 'text/event-stream', lenient);
    lend(scanner, bytesOf(text));
    return [scanner.finish(), scanner.progress.lenientEnd];
  };
  const withoutLast = (events: readonly string[], count = 1) => events.slice(0, -count).join('');

  it('is an empty answer when nothing but signs of life came', () => {
    const silent = ': hi\n\nevent: ping\ndata: {"type":"ping"}\n\nretry: 5\n\n';
    for (const dialect of ['anthropic', 'openai-chat', 'openai-responses']) {
      for (const lenient of [false, true]) {
        assert.deepEqual(verdict(dialect, '', lenient), ['EMPTY_ANSWER', false]);
        assert.deepEqual(verdict(dialect, silent, lenient), ['EMPTY_ANSWER', false]);
      }
      assert.deepEqual(verdict(dialect, 'data'), ['STREAM_TRUNCATED', false]);
    }
  });

  it('may lack its terminal event where the route is lenient and all content came', () => {
    const messages = withoutLast(anthropicEvents);
    assert.deepEqual(verdict('anthropic', messages), ['STREAM_TRUNCATED', false]);
    assert.deepEqual(verdict('anthropic', messages, true), [undefined, true]);
    assert.deepEqual(verdict('anthropic', withoutLast(anthropicEvents, 2), true), [
      'STREAM_TRUNCATED',
      false,
    ]);
    const chat = withoutLast(chatEvents, 2);
    assert.deepEqual(verdict('openai-chat', chat), ['STREAM_TRUNCATED', false]);
    assert.deepEqual(verdict('openai-chat', chat, true), [undefined, true]);
    assert.deepEqual(verdict('openai-chat', withoutLast(chatEvents, 3), true), [
      'STREAM_TRUNCATED',
      false,
    ]);
  });

  it('is no end of a chat while one of its choices is unfinished', () => {
    const chunk = (index: number, finish_reason: string | null) =>
      namelessEvent({ choices: [{ index, delta: {}, finish_reason }] });
    const both = chunk(0, null) + chunk(1, null) + chunk(0, 'stop');
    assert.deepEqual(verdict('openai-chat', both, true), ['STREAM_TRUNCATED', false]);
    assert.deepEqual(verdict('openai-chat', both + chunk(1, 'length'), true), [undefined, true]);
  });

  it('is declared by an error event, unless more content follows', () => {
    const error = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n';
    const start = anthropicEvents.slice(0, 4).join('');
    assert.deepEqual(verdict('anthropic', start + error), [undefined, false]);
    assert.deepEqual(verdict('anthropic', error), [undefined, false]);
    assert.deepEqual(verdict('anthropic', `${start}${error}${anthropicEvents[3]}`), [
      'STREAM_TRUNCATED',
      false,
    ]);
    assert.deepEqual(verdict('openai-chat', 'data: {"error":{"code":"x"}}\n\n'), [
      undefined,
      false,
    ]);
  });

  it('is accepted inside an event of a generic stream only where the route is lenient', () => {
    assert.deepEqual(verdict('sse', 'data: a\n\ndata: b\n'), ['STREAM_TRUNCATED', false]);
    assert.deepEqual(verdict('sse', 'data: a\n\ndata: b\n', true), [undefined, true]);
    assert.deepEqual(verdict('sse', 'data: b\n', true), ['STREAM_TRUNCATED', false]);
    assert.deepEqual(verdict('sse', '', true), ['EMPTY_ANSWER', false]);
    assert.deepEqual(verdict('plain', ''), [undefined, false]);
    assert.deepEqual(verdict('sse', 'retry: 1\n\n'), ['EMPTY_ANSWER', false]);
    assert.deepEqual(verdict('plain', 'retry: 1\n\n'), [undefined, false]);
  });

  it('is seen through white space after [DONE]', () => {
    const whole = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n';
    const end = (text: string) => verdict('openai-chat', whole + text);
    assert.deepEqual(end('data: [DONE] \n\n'), [undefined, false]);
    assert.deepEqual(end('data:[DONE]\n\n'), [undefined, false]);
    assert.deepEqual(end('data: [DONE]x\n\n'), ['STREAM_TRUNCATED', false]);
    assert.deepEqual(end('data: [DONE]\n'), ['STREAM_TRUNCATED', false]);
    assert.deepEqual(verdict('anthropic', 'data: [DONE]\n\n'), ['STREAM_TRUNCATED', false]);
  });
  describe('[DONE] in front of its time', () => {
    const choice = (index: number, reason: string | null) =>
      namelessEvent({ choices: [{ index, delta: { content: 'x' }, finish_reason: reason }] });
    const done = 'data: [DONE]\n\n';

    it('is no end while a choice is unfinished', () => {
      const truncated = ['STREAM_TRUNCATED', false];
      assert.deepEqual(verdict('openai-chat', choice(0, null) + done), truncated);
      assert.deepEqual(
        verdict('openai-chat', choice(0, 'stop') + choice(1, null) + done),
        truncated,
      );
      assert.deepEqual(verdict('openai-chat', choice(0, 'stop') + done), [undefined, false]);
    });

    it('is no answer when it is all there is', () => {
      assert.deepEqual(verdict('openai-chat', done), ['EMPTY_ANSWER', false]);
      assert.deepEqual(verdict('openai-chat', `: hello\n\n${done}`), ['EMPTY_ANSWER', false]);
    });

    it('shows before its blank line', () => {
      const scanner = scannerOf('openai-chat', 'text/event-stream');
      const text = Buffer.from(`${choice(0, null)}data: [DONE]\n`);
      scanner.scan(text, 0, text.length - 1);
      assert.equal(scanner.progress.falseEnd, false);
      scanner.scan(text, text.length - 1, text.length);
      assert.equal(scanner.progress.falseEnd, true);
    });

    it('is taken from servers that say no reason, when they are said to be such', () => {
      assert.deepEqual(verdict('openai-chat', choice(0, null) + done, true), [undefined, true]);
      assert.deepEqual(verdict('openai-chat', done, true), ['EMPTY_ANSWER', false]);
    });

    it('ends what the upstream has called an error, and streams without choices', () => {
      const error = 'data: {"error":{"message":"no","type":"server_error"}}\n\n';
      assert.deepEqual(verdict('openai-chat', choice(0, null) + error + done), [undefined, false]);
      const step = 'event: thread.run.completed\ndata: {"id":"run_1"}\n\n';
      assert.deepEqual(verdict('openai-chat', `${step}event: done\n${done}`), [undefined, false]);
    });
  });
});
