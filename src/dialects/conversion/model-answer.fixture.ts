// Support for tests of whole answers on their way from one format to another.

import { Buffer } from 'node:buffer';
import type { CallError } from '../../core/errors.ts';
import { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import { documentDecoder, streamDecoder } from './answer-decoders.ts';
import { answerEnds } from './answer-ends.ts';
import type { AskedFor, ModelDialect } from './answer-events.ts';
import { asked, fixedDeps } from './answers.fixture.ts';
import { ModelAnswer } from './model-answer.ts';

/** What is particular about an upstream and its answer. */
export interface RigOptions {
  readonly lenient?: boolean;
  readonly fields?: readonly (readonly [string, string])[];
}

/** An answer to a caller of `from`, by an upstream of `to`, and what the caller has heard of it. */
export class AnswerRig {
  readonly answer: ModelAnswer;
  head: Head | undefined;
  /** All that was said. */
  text: string = '';
  /** What was said last, in one go. */
  last: string = '';

  constructor(
    from: ModelDialect,
    to: ModelDialect,
    own: Partial<AskedFor> = {},
    { lenient = false, fields = [] }: RigOptions = {},
  ) {
    const said = asked(own);
    const decoder = said.stream ? streamDecoder : documentDecoder;
    const ends = answerEnds(from, said, fixedDeps(), 'call-1', (heard) =>
      decoder(to, heard, lenient),
    );
    const headers = HeaderList.of(fields);
    const head = {
      status: 200,
      reason: '',
      headers,
      framing: 'chunked',
      contentLength: -1,
    } as const;
    this.answer = new ModelAnswer(head, ends, {
      head: (told) => (this.head = told),
      text: (text) => {
        this.last = text;
        this.text += text;
      },
    });
  }

  say(text: string): void {
    this.answer.push(Buffer.from(text));
  }

  /** Repeats a read until the answer has failed, `most` times; ends the body. */
  feed(text: string, most: number = 1): CallError | undefined {
    const bytes = Buffer.from(text);
    for (let round = 0; round < most && this.failure === undefined; round += 1) {
      this.answer.push(bytes);
    }
    return this.answer.finish();
  }

  /** Status of the head, 0 before it. */
  get status(): number {
    return this.head?.status ?? 0;
  }

  get failure(): string | undefined {
    return this.answer.progress.errorType;
  }
}
