// JSON lines as a stream (Ollama and others): complete when the last line is.

import type { Dialect } from '../core/dialect.ts';
import { answerForm } from './answer-form.ts';
import { ByteScanner } from './byte-scanner.ts';
import { object } from './json-fields.ts';
import { JsonFindings } from './json-findings.ts';
import { JsonScanner } from './json-scanner.ts';
import { LinesScanner } from './lines-scanner.ts';
import { renderPlainError } from './plain-error.ts';

const noFields = object({});

/** Newline-delimited JSON. */
export const ndjsonDialect: Dialect = {
  name: 'ndjson',

  scannerFor(head, lenient) {
    const mustAnswer = head.status === 200;
    switch (answerForm(head)) {
      case 'lines':
        return new LinesScanner({ lenient, mustAnswer });
      case 'json':
        return new JsonScanner(noFields, new JsonFindings(), mustAnswer);
      case 'encoded':
      case 'text':
        return mustAnswer ? new ByteScanner() : undefined;
      default:
        return undefined;
    }
  },

  renderError: renderPlainError,

  // A line of ours would be read as a record, and an empty line crashes consumers that parse each
  // line: nothing is safe to put in, so the socket is destroyed and stays silent until then.
  inStreamError: () => undefined,
  heartbeat: () => undefined,
};
