// Decides from an answer's head which scanner can read its body. One place, so that all dialects
// treat encodings, empty answers and unexpected types alike.

import type { HeadFault, Scanner } from '../core/dialect.ts';
import type { Head } from '../core/sink.ts';
import { ByteScanner } from './byte-scanner.ts';
import type { EventGrammar } from './event-grammar.ts';
import type { FieldNode } from './json-fields.ts';
import { JsonFindings } from './json-findings.ts';
import { JsonScanner } from './json-scanner.ts';
import { LinesScanner } from './lines-scanner.ts';
import { SseScanner } from './sse-scanner.ts';

/**
 * What a body is: `none` = its end says nothing (no body, or no success), `encoded` = compressed,
 * `events`, `json`, `lines` by content type, `text` = other text or untyped, `binary` = the rest.
 */
export type AnswerForm = 'none' | 'encoded' | 'events' | 'json' | 'lines' | 'text' | 'binary';

const formByType = new Map<string, AnswerForm>([
  ['', 'text'],
  ['text/event-stream', 'events'],
  ['application/json', 'json'],
  ['application/x-ndjson', 'lines'],
  ['application/ndjson', 'lines'],
  ['application/jsonl', 'lines'],
  ['application/x-jsonl', 'lines'],
  ['application/json-lines', 'lines'],
]);

/**
 * Above this a JSON body of known length is not walked through: its length already proves that it
 * is whole, and its counters are not worth a pass over so many bytes.
 */
const JSON_BYTES_MAX = 1_048_576;

/** The form of the answer with this head. */
export function answerForm(head: Head): AnswerForm {
  if (head.status < 200 || head.status > 299 || head.status === 204 || head.status === 205) {
    return 'none';
  }
  // Answers to HEAD have no framing either.
  if (head.framing === 'none') return 'none';
  const encoding = head.headers.get('content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return 'encoded';
  const type = mediaType(head.headers.get('content-type') ?? '');
  const known = formByType.get(type);
  if (known !== undefined) return known;
  if (type.endsWith('+json')) return 'json';
  return type.startsWith('text/') ? 'text' : 'binary';
}

/** Why an answer of a language model's API is none, by its head, where only its types will do. */
export function foreignAnswer(head: Head, strict: boolean): HeadFault | undefined {
  if (!strict) return undefined;
  const form = answerForm(head);
  if (form !== 'binary' && form !== 'text') return undefined;
  const type = mediaType(head.headers.get('content-type') ?? '');
  // Some servers send their JSON without a type, or as plain text.
  if (type === '' || type === 'text/plain') return undefined;
  return { code: 'UNEXPECTED_TYPE', detail: `It said ${head.status} and ${type}.` };
}

/** The scanner for an answer of a language model's API, by what its head says. */
export function modelAnswerScanner(
  head: Head,
  lenient: boolean,
  grammar: EventGrammar,
): Scanner | undefined {
  const mustAnswer = head.status === 200;
  switch (answerForm(head)) {
    case 'events':
      return new SseScanner(grammar, { lenient, mustAnswer: true });
    case 'json':
      return jsonScanner(head, grammar.fields, mustAnswer);
    case 'lines':
      // Results of batches: a file, which may well be empty.
      return new LinesScanner({ lenient, mustAnswer: false });
    case 'encoded':
    case 'text':
      // Such a body can not be read, but "200 with nothing" can be seen all the same.
      return mustAnswer ? new ByteScanner() : undefined;
    default:
      return undefined;
  }
}

function jsonScanner(head: Head, fields: FieldNode, mustAnswer: boolean): Scanner {
  const huge = head.framing === 'length' && head.contentLength > JSON_BYTES_MAX;
  return huge ? new ByteScanner() : new JsonScanner(fields, new JsonFindings(), mustAnswer);
}

/** The type without parameters, in lower case. */
export function mediaType(contentType: string): string {
  const end = contentType.indexOf(';');
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}
