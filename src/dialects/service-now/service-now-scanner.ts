// The scanner of a ServiceNow document: complete in its form, and no answer all the same where it
// reports a failure. Such a document has a false end: its last bytes must not reach the caller, who
// would take rows that are some of all for all of them.

import type { HeadFault, Progress, Scanner } from '../../core/dialect.ts';
import { JsonScanner } from '../json-scanner.ts';
import { documentFields, ServiceNowFindings } from './service-now-findings.ts';

/** Reads one document. */
export class ServiceNowScanner implements Scanner {
  readonly #findings: ServiceNowFindings = new ServiceNowFindings();
  readonly #document: JsonScanner;

  /** `mustAnswer`: a body without anything in it is no answer. */
  constructor(mustAnswer: boolean) {
    this.#document = new JsonScanner(documentFields, this.#findings, mustAnswer);
  }

  get progress(): Progress {
    return this.#document.progress;
  }

  scan(bytes: Uint8Array, from: number, to: number): void {
    this.#document.scan(bytes, from, to);
  }

  finish(): 'STREAM_TRUNCATED' | 'EMPTY_ANSWER' | undefined {
    const verdict = this.#document.finish();
    return verdict === undefined && this.progress.falseEnd ? 'STREAM_TRUNCATED' : verdict;
  }

  /** Why it is no answer, where that is known better than by the verdict of `finish`. */
  get fault(): HeadFault | undefined {
    return this.#findings.fault;
  }
}
