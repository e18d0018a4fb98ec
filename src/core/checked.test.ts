import { deepEqual, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { RecordingSink } from '../testing/recording-sink.ts';
import { testHead } from '../testing/scripted-service.ts';
import { testCall } from '../testing/test-call.ts';
import { checked } from './checked.ts';
import { CallError } from './errors.ts';
import type { Sink } from './sink.ts';
import { freeFlow } from './sink.ts';

const words: Readonly<Record<string, (sink: Sink) => void>> = {
  interim: (sink) => sink.interim(testHead(103)),
  start: (sink) => sink.start(testHead(), freeFlow),
  chunk: (sink) => sink.chunk(Buffer.from('x')),
  empty: (sink) => sink.chunk(new Uint8Array()),
  end: (sink) => sink.end(),
  fail: (sink) => sink.fail(new CallError('RESET')),
};

/** The grammar as a regular expression over the first letters of words; an empty chunk is `m`. */
const letters: Record<string, string> = {
  ...pick('interim', 'start', 'chunk', 'end'),
  fail: 'f',
  empty: 'm',
};
const legal = /^(i*|i*sc*|i*sc*e|i*(sc*)?f)$/;

function pick(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, name[0] ?? '']));
}

function say(sentence: readonly string[], sink: Sink): void {
  const service = checked('below').wrap((_call, checkedSink) => {
    for (const word of sentence) words[word]?.(checkedSink);
  });
  service(testCall(), sink);
}

describe('checked', () => {
  it('passes on what the grammar allows and throws at the first word it forbids', () => {
    const sentences = fc.array(fc.constantFrom(...Object.keys(words)), { maxLength: 8 });
    fc.assert(
      fc.property(sentences, (sentence) => {
        const heard = new RecordingSink({ lax: true });
        let spoken = '';
        const first = sentence.findIndex((word) => {
          spoken += letters[word] ?? '';
          return !legal.test(spoken);
        });
        if (first < 0) say(sentence, heard);
        else throws(() => say(sentence, heard), /^Error: grammar: "/);
        const passed = first < 0 ? sentence : sentence.slice(0, first);
        deepEqual(
          heard.events.map((event) => event.type as string),
          passed,
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('names the culprit and its state', () => {
    throws(() => say(['start', 'end', 'end'], new RecordingSink()), {
      message: 'grammar: "end" from below while over',
    });
  });
});
