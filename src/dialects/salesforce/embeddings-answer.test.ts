import { equal, match } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AnswerConversion, ConvertedAnswer } from '../../core/conversion.ts';
import { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import { EmbeddingsAnswer } from './embeddings-answer.ts';
import { NativePass } from './native-pass.ts';
import { DOCUMENT_BYTES_MAX } from './whole-body.ts';

interface Heard {
  readonly answer: AnswerConversion;
  readonly status: number | undefined;
  readonly text: string;
}

/** What a caller hears of an answer with these reads. */
function heard(
  open: (head: Head, out: ConvertedAnswer) => AnswerConversion,
  status: number,
  reads: Iterable<Uint8Array>,
): Heard {
  const headers = HeaderList.of([['content-type', 'application/json']]);
  const head: Head = { status, reason: '', headers, framing: 'chunked', contentLength: -1 };
  const told: { status?: number; text: string } = { text: '' };
  const answer = open(head, {
    head: (own) => (told.status = own.status),
    text: (text) => (told.text += text),
  });
  for (const bytes of reads) answer.push(bytes);
  equal(answer.finish(), undefined);
  return { answer, status: told.status, text: told.text };
}

function* endless(): Generator<Uint8Array> {
  const bytes = Buffer.alloc(1_048_576, ' ');
  for (let sent = 0; sent <= DOCUMENT_BYTES_MAX; sent += bytes.length) yield bytes;
}

const embeddings = (head: Head, out: ConvertedAnswer): AnswerConversion =>
  new EmbeddingsAnswer(head, out, 'm', { packed: false, inputs: 1, estimatedTokens: 1 });

describe('an answer with embeddings', () => {
  it('that is an error has the class of the error, and is no answer', () => {
    const busy = '{"errorCode":"SERVER_BUSY","message":"busy"}';
    for (const [status, shown, type] of [
      [200, 503, 'overloaded_error'],
      [423, 503, 'overloaded_error'],
      [429, 429, 'rate_limit_error'],
      [400, 400, 'invalid_request_error'],
    ] as const) {
      const body = status === 200 || status === 423 ? busy : '{"message":"no"}';
      const { answer, status: told } = heard(embeddings, status, [Buffer.from(body)]);
      equal(told, shown);
      equal(answer.progress.errorType, type);
      equal(answer.progress.terminal, false);
      equal(answer.progress.contentEvents, 0);
    }
  });

  it('is whole once it was read', () => {
    const { answer, status } = heard(embeddings, 200, [
      Buffer.from('{"embeddings":[{"embedding":'),
      Buffer.from('[0.5]}]}'),
    ]);
    equal(status, 200);
    equal(answer.progress.terminal, true);
    equal(answer.progress.errorType, undefined);
  });
});

describe('a document that is too large', () => {
  it('is a failure of the service that says so, and no overload', () => {
    const native = (head: Head, out: ConvertedAnswer): AnswerConversion =>
      new NativePass(head, out, false, 'call-1');
    for (const open of [embeddings, native]) {
      const { answer, status, text } = heard(open, 200, endless());
      equal(status, 500);
      equal(answer.progress.errorType, 'api_error');
      match(text, /more than a document may hold/);
    }
  });
});
