// The failure of a call that cannot be put in the words of its upstream.

import { CallError } from '../../core/errors.ts';
import type { RequestProblem } from './model-request.ts';

/** The failure, with the place and the word that clients of the caller's API act on. */
export function cannotConvert({ message, param, code }: RequestProblem): CallError {
  return new CallError('CANNOT_CONVERT', { detail: message, param, wireCode: code });
}
