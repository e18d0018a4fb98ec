// ServiceNow's REST interfaces: whole JSON documents, which may report a failure under a 200, have
// a web page in their place, or be put off for ever. Source: ServiceNow reference, sections 6 and
// 8. Refuses to judge documents that are not JSON (XML, files): their words are not read.

import type { Dialect, HeadFault } from '../../core/dialect.ts';
import type { Head } from '../../core/sink.ts';
import { answerForm } from '../answer-form.ts';
import { ByteScanner } from '../byte-scanner.ts';
import { renderServiceNowError } from './service-now-error.ts';
import { ServiceNowScanner } from './service-now-scanner.ts';

const PAGE = /^\s*(text\/html|application\/xhtml\+xml)\s*(;|$)/i;

const reads: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** ServiceNow. */
export const serviceNowDialect: Dialect = {
  name: 'servicenow',

  scannerFor(head) {
    // Writes may be answered without a body where the caller asked for none.
    const mustAnswer = head.status === 200 && head.headers.has('content-type');
    switch (answerForm(head)) {
      case 'json':
        return new ServiceNowScanner(mustAnswer);
      case 'encoded':
      case 'text':
        return mustAnswer ? new ByteScanner() : undefined;
      default:
        return undefined;
    }
  },

  judgeHead: (head, method) => droppedRead(head, method) ?? pageInstead(head),

  // PUT and DELETE run business rules and send notifications, each time anew.
  repeatable: reads,

  // Nodes refuse what finds no place in the queue of their semaphore, and say no more than that.
  silentRefusal: 'room',

  renderError: renderServiceNowError,

  // Answers are documents: there is no place for words of ours inside them.
  inStreamError: () => undefined,
  heartbeat: () => undefined,
};

/** Past ten requests of one session in line, the platform answers 202 and drops the work. */
function droppedRead({ status }: Head, method: string): HeadFault | undefined {
  if (status !== 202 || !reads.has(method)) return undefined;
  const detail = `read_dropped: ${method} was answered 202, so too many calls share one session.`;
  return { code: 'READ_DROPPED', detail };
}

/** Instances that sleep or are upgraded answer with a page, as 503 or even as success. */
function pageInstead({ status, headers }: Head): HeadFault | undefined {
  if (status !== 503 && (status < 200 || status > 299)) return undefined;
  const type = PAGE.exec(headers.get('content-type') ?? '')?.[1];
  if (type === undefined) return undefined;
  // A file that happens to be a page.
  if (headers.has('content-disposition')) return undefined;
  const detail =
    `instance_unavailable: ${status} with a page (${type}) in place of data; ` +
    'the instance sleeps, is being upgraded or asks to log in.';
  // 503 = not acted on. Behind a 200 with a page there may have been anything.
  const code = 'INSTANCE_UNAVAILABLE';
  return status === 503 ? { code, detail, replay: 'safe' } : { code, detail };
}
