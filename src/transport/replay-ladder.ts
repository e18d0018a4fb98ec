// Decides from the facts of a failure how far the request can have come, and whether it may be sent
// again on a fresh connection. Pure. The levels are those of the replay ladder: L0 never written,
// L1 provably unread, L2 an idle race by all appearances, L3 unknown, L4 an answer had begun.
// Invariant: a call whose route is marked `strict` and which is neither idempotent nor keyed is
// sent again only where no other execution is possible (L0, L1).

import type { HeaderList } from '../core/header-list.ts';
import type { ReplayMark } from '../core/route.ts';
import type { LadderLevel } from './transport-observer.ts';

/** Share of the round trip in which a failure is provably older than the request. */
const PROOF_SHARE = 0.8;
/** How late an idle race may show: two round trips and the scheduling of two machines. */
const RACE_SLACK_MS = 50;

/** What is known when a connection ended under a call. */
export interface Failure {
  readonly written: boolean;
  readonly reused: boolean;
  /** A byte of any response, informational heads included, was seen. */
  readonly answered: boolean;
  /** From just before the first write to the failure. */
  readonly elapsedMs: number;
  /** `RttFloor.provenMs`. */
  readonly provenRttMs: number;
  /** `RttFloor.guessMs`. */
  readonly guessedRttMs: number;
}

/** How far the request can have come. */
export function ladderLevel(failure: Failure): LadderLevel {
  if (!failure.written) return 'L0';
  if (failure.answered) return 'L4';
  if (!failure.reused) return 'L3';
  if (failure.elapsedMs < PROOF_SHARE * failure.provenRttMs) return 'L1';
  return failure.elapsedMs <= 2 * failure.guessedRttMs + RACE_SLACK_MS ? 'L2' : 'L3';
}

/** Whether a call may be sent once more after a failure of this level. */
export function mayReplay(
  level: LadderLevel,
  method: string,
  headers: HeaderList,
  mark: ReplayMark,
  repeatable?: ReadonlySet<string>,
): boolean {
  switch (level) {
    case 'L0':
    case 'L1':
      return true;
    case 'L2':
      return mark !== 'strict' || isRepeatable(method, headers, repeatable);
    case 'L3':
      return mark === 'always' || isRepeatable(method, headers, repeatable);
    case 'L4':
      return false;
  }
}

/**
 * Running the request twice has the effect of running it once: by its key, or by its method as
 * `repeatable` or, without that, RFC 9110 9.2.2 has it.
 */
export function isRepeatable(
  method: string,
  headers: HeaderList,
  repeatable?: ReadonlySet<string>,
): boolean {
  return repeatable === undefined
    ? isIdempotent(method, headers)
    : repeatable.has(method) || hasKey(headers);
}

function isIdempotent(method: string, headers: HeaderList): boolean {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
    case 'TRACE':
    case 'PUT':
    case 'DELETE':
    case 'QUERY':
      return true;
    default:
      return hasKey(headers);
  }
}

function hasKey(headers: HeaderList): boolean {
  const key = headers.get('idempotency-key');
  return key !== undefined && key !== '';
}
