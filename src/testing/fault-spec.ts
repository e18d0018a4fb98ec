// Parses the `--fault` language: words joined by commas, such as `rst@event:3,p=0.1`, become a rule
// that is laid over whatever the upstream would do. A specification is a value that can be wrong,
// so its defect is returned as a sentence, never thrown.
// Invariant: a rule strikes only when all its conditions hold, judged from the randomness given.

import type { Random } from '../core/random.ts';
import { contradiction } from './fault-contradiction.ts';
import type { FaultConditions } from './fault-draft.ts';
import { FaultDraft } from './fault-draft.ts';
import type { FaultRow } from './fault-row.ts';
import { faultTable } from './fault-table.ts';
import type { Behaviour, ConnectionBehaviour } from './misbehaving-upstream/behaviour.ts';
import { also } from './misbehaving-upstream/behaviours.ts';
import { errorEventFor, refusalAnswer } from './misbehaving-upstream/built-in-answers.ts';
import { untilTokenChanges } from './misbehaving-upstream/scripts.ts';
import type { SeenRequest } from './misbehaving-upstream/seen.ts';
import { nearestName } from '../core/nearest-name.ts';

/** Why a specification is not understood. */
export class FaultSpecDefect {
  /** One sentence for a person, naming the nearest word where there is one. */
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** A parsed specification. Counts requests, so make one per upstream. */
export class FaultRule {
  readonly spec: string;
  /** How many requests and connections it has struck. */
  struck: number = 0;
  readonly #draft: FaultDraft;
  readonly #unauthorized = untilTokenChanges();
  readonly #requests: StrikeCount;
  readonly #connections: StrikeCount;

  constructor(spec: string, draft: FaultDraft) {
    this.spec = spec;
    this.#draft = draft;
    this.#requests = new StrikeCount(draft.when);
    this.#connections = new StrikeCount(draft.when);
  }

  /** Lays the rule over what a connection would do. */
  overConnection(base: ConnectionBehaviour, random: Random): ConnectionBehaviour {
    const { accept, idle, requestsMax } = this.#draft;
    let laid = base;
    if (requestsMax !== Number.POSITIVE_INFINITY) laid = { ...laid, requestsMax };
    // Idle faults under a condition go with the request that came before the idling.
    if (idle !== undefined && !this.#draft.isConditional) laid = { ...laid, idle };
    if (accept === 'serve') return laid;
    if (!this.#connections.strikes(random)) return laid;
    this.struck += 1;
    return { ...laid, accept };
  }

  /** Lays the rule over what a request would get. */
  overRequest(
    base: Behaviour,
    request: SeenRequest,
    random: Random,
    wallNow: () => number,
  ): Behaviour {
    const draft = this.#draft;
    if (!draft.touchesRequests || !request.path.startsWith(draft.when.path)) return base;
    if (!this.#requests.strikes(random)) return base;
    const own: Behaviour = { ...draft.behaviour, faults: draft.faults };
    const parts: Behaviour[] = [base, own];
    const { errorEventAfter, idle, status, staleToken } = draft;
    if (idle !== undefined && draft.isConditional) parts.push({ idle });
    if (errorEventAfter !== undefined) {
      const bytes = errorEventFor(request.path);
      parts.push({ errorEvent: { afterEvents: errorEventAfter, bytes } });
    }
    if (staleToken) parts.push(this.#unauthorized(request));
    if (status !== undefined) {
      const retryAfter = { ...draft.retryAfter };
      if (draft.retryAfterDateS !== undefined) {
        retryAfter.dateMs = wallNow() + draft.retryAfterDateS * 1_000;
      }
      parts.push({ answer: refusalAnswer(status, request.path, retryAfter) });
    }
    this.struck += 1;
    return also(...parts);
  }
}

/** Judges the conditions of one rule, one occasion after the other. */
class StrikeCount {
  readonly #when: FaultConditions;
  #seen: number = 0;
  #eligible: number = 0;

  constructor(when: FaultConditions) {
    this.#when = when;
  }

  strikes(random: Random): boolean {
    const { after, every, first, p } = this.#when;
    this.#seen += 1;
    if (this.#seen <= after || this.#seen > first) return false;
    this.#eligible += 1;
    if (this.#eligible % every !== 0) return false;
    return p >= 1 || random.next() < p;
  }
}

const rows: readonly FaultRow[] = faultTable.flatMap((group) => group.rows);

/** Parses one `--fault` value. */
export function parseFaultSpec(spec: string): FaultRule | FaultSpecDefect {
  const draft = new FaultDraft();
  const words = spec.split(',').map((word) => word.trim());
  for (const word of words) {
    const defect = readWord(word, draft);
    if (defect !== undefined) return new FaultSpecDefect(defect);
  }
  const { retryAfter, retryAfterDateS, status } = draft;
  const waits = retryAfterDateS !== undefined || Object.keys(retryAfter).length > 0;
  if (waits && status === undefined) {
    return new FaultSpecDefect('retry-after needs a status to go with, such as status:429');
  }
  const never = contradiction(draft);
  return never === undefined ? new FaultRule(spec, draft) : new FaultSpecDefect(never);
}

function readWord(word: string, draft: FaultDraft): string | undefined {
  if (word === '') return 'a fault is missing between the commas';
  const [, name = '', separator = '', value = ''] = /^([^:=@]*)([:=@]?)(.*)$/s.exec(word) ?? [];
  const row = rows.find((candidate) => candidate.name === name);
  if (row === undefined) return unknownFault(name);
  const wantsPoint = row.form.includes('@');
  if (wantsPoint !== (separator === '@') && (wantsPoint || separator !== '')) {
    return `${name} is written ${row.form}, for example ${row.example}`;
  }
  const defect = row.read(value, draft);
  return defect === undefined ? undefined : `${name}: ${defect}`;
}

function unknownFault(name: string): string {
  const meant = nearestName(
    name,
    rows.map((row) => row.name),
  );
  const form = rows.find((row) => row.name === meant)?.form;
  const hint = form === undefined ? 'see `holdfast sim --help`' : `did you mean "${form}"?`;
  return `"${name}" is not a fault; ${hint}`;
}
