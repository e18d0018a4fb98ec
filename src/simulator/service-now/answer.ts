// Answers of the simulated instance as values, in the platform's forms; the wire is elsewhere.
// Source: ServiceNow reference, sections 1, 5 and 8.

/** One answer. `body` is complete. */
export interface Answer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

const JSON_TYPE = { 'Content-Type': 'application/json;charset=UTF-8' };

/** An answer with this document. */
export function documentAnswer(
  status: number,
  document: object,
  fields: Readonly<Record<string, string>> = {},
): Answer {
  return { status, fields: { ...JSON_TYPE, ...fields }, body: JSON.stringify(document) };
}

/** An answer without a body. */
export function emptyAnswer(status: number): Answer {
  return { status, fields: {}, body: '' };
}

/** A failure as the platform words it. */
export function failure(message: string, detail: string | null = null): object {
  return { error: { message, detail }, status: 'failure' };
}

/** A refusal as the platform words it. */
export function refusal(
  status: number,
  message: string,
  detail: string | null = null,
  fields: Readonly<Record<string, string>> = {},
): Answer {
  return documentAnswer(status, failure(message, detail), fields);
}

/** There is no such record, or no hit at all in the first version of the interface. */
export const noRecord: Answer = refusal(
  404,
  'No Record found',
  "Record doesn't exist or ACL restricts the record retrieval",
);

/** What stands beside the rows, or in their place, when the quota of time is used up. */
export const cancelledFailure: object = failure(
  'Transaction cancelled: maximum execution time exceeded',
  'Transaction cancelled: maximum execution time exceeded. Check logs for the error trace.',
);

/** No thread and no place in the queue of the semaphore. Says nothing about when to return. */
export const busyAnswer: Answer = refusal(
  429,
  'Request rejected',
  'Semaphore queue depth exceeded',
);

/** The work was put off and is never done. */
export const droppedAnswer: Answer = documentAnswer(202, {});

const PAGE = `<!DOCTYPE html>
<html><head><title>Instance Hibernating page</title></head>
<body><h1>Your instance is hibernating</h1><p>Log in to wake it up.</p></body></html>
`;

/** The page of an instance that sleeps. */
export function sleepingAnswer(status: number): Answer {
  return { status, fields: { 'Content-Type': 'text/html;charset=UTF-8' }, body: PAGE };
}
