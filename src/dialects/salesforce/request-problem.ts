// Requests that the surfaces of the Models API cannot take, as the caller's to mend.

import type { RequestProblem } from '../conversion/model-request.ts';

/** A problem at `param`; the message begins with the place. */
export function requestProblem(param: string | undefined, advice: string): RequestProblem {
  const message = param === undefined ? advice : `${param}: ${advice}`;
  return { status: 400, message, param, code: undefined };
}

/** Tells a problem from a request. */
export function isRequestProblem(result: object): result is RequestProblem {
  return 'status' in result;
}
