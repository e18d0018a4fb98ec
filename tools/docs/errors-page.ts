// The page of error codes, from the table that the data plane raises them from.

import type { ErrorRow } from '../../src/core/error-row.ts';
import { errorTable, STATUS_FOR_NOBODY } from '../../src/core/error-table.ts';
import { code, generatedPage, table } from './markdown.ts';

const intro = `Every way a call can end badly. The code stands in the log line of
the call and in the answer that the caller gets; \`x-holdfast-call-id\` connects the two.`;

const columns = `- **Origin**: who caused it.
- **Phase**: where in the call's life it usually happens; the log line names the actual phase.
- **Closed by**: who ended the call, \`closedBy\` in its log line. A limit of ours is ended by us.
- **Status**: what the caller sees while no head has been sent. After the head the answer is cut,
  with an error event where the caller's protocol has one. \`log only\`: nobody is left to tell;
  before a head log and metrics show ${STATUS_FOR_NOBODY}.
- **Replay**: whether sending the call again on this hop could run it twice. \`safe\`: no work was
  done. \`uncertain\`: perhaps; replayed only if the route says so. \`never\`: decided for good.`;

/** Renders docs/reference/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries<ErrorRow>(errorTable).map(([name, row]) => [
    code(name),
    row.origin,
    row.phase,
    row.closedBy,
    row.status === 0 ? 'log only' : String(row.status),
    row.replay,
    row.meaning,
    row.advice,
  ]);
  const named = ['Code', 'Origin', 'Phase', 'Closed by', 'Status', 'Replay'];
  const head = [...named, 'Meaning', 'What to do'];
  return generatedPage('Errors', 'src/core/error-table.ts', [intro, columns, table(head, rows)]);
}
