// Puts a conversation into the order that every format accepts: the answer of each tool call
// directly behind the turn that made the call. Callers may have more room (Responses lets outputs
// stand anywhere, and conversations that were cut have halves of pairs); upstreams answer 400.
//
// Invariant: in a plan each call has one result and each result one call. A call without a result
// is given one that says so; a result without a call becomes text of the user.

import type {
  AssistantPart,
  GivenPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  Turn,
  UserPart,
} from './model-request.ts';
import { legalName } from './tool-names.ts';

/** One call of a tool and what came of it. */
export interface PlannedCall {
  readonly call: ToolCallPart;
  /** Legal, and unlike every other id of the conversation. */
  readonly id: string;
  readonly result: Omit<ToolResultPart, 'kind' | 'id'>;
}

export type PlannedPart = Exclude<AssistantPart, ToolCallPart> | PlannedCall;

/** One turn of a plan. Results follow their turn and are part of no user turn. */
export type PlannedTurn =
  | { readonly role: 'system'; readonly text: string }
  | { readonly role: 'user'; readonly parts: readonly GivenPart[] }
  | {
      readonly role: 'assistant';
      readonly parts: readonly PlannedPart[];
      readonly calls: readonly PlannedCall[];
    };

type OpenCall = { -readonly [Key in keyof PlannedCall]: PlannedCall[Key] };

const noResult: PlannedCall['result'] = {
  content: [{ kind: 'text', text: 'no result' }],
  isError: true,
};

/** Whether a part of an assistant turn is a call. */
export function isCall(part: PlannedPart): part is PlannedCall {
  return 'call' in part;
}

/** Texts of one message as one text. */
export function joinTexts(parts: readonly TextPart[]): string {
  return parts.length === 1 ? (parts[0]?.text ?? '') : parts.map(({ text }) => text).join('\n\n');
}

/** The plan of a conversation, with ids of at most `idCharsMax` characters. */
export function planTurns(turns: readonly Turn[], idCharsMax: number): PlannedTurn[] {
  const planner = new Planner(idCharsMax);
  const plan: PlannedTurn[] = [];
  for (const turn of turns) {
    if (turn.role === 'system') plan.push({ role: 'system', text: joinTexts(turn.parts) });
    else if (turn.role === 'user') {
      const parts = planner.given(turn.parts);
      if (parts.length > 0) plan.push({ role: 'user', parts });
    } else plan.push(planner.answer(turn.parts));
  }
  return plan;
}

class Planner {
  readonly #idCharsMax: number;
  readonly #ids = new Set<string>();
  /** How many calls had an id that was taken; else the search would begin anew for each. */
  readonly #copies = new Map<string, number>();
  /** Calls that wait for a result, by the caller's id: of one turn, first come first served. */
  readonly #waiting = new Map<string, OpenCall[]>();

  constructor(idCharsMax: number) {
    this.#idCharsMax = idCharsMax;
  }

  answer(parts: readonly AssistantPart[]): PlannedTurn {
    const planned: PlannedPart[] = [];
    const calls: OpenCall[] = [];
    for (const part of parts) {
      if (part.kind !== 'tool-call') {
        planned.push(part);
        continue;
      }
      const open: OpenCall = { call: part, id: this.#legalId(part.id), result: noResult };
      planned.push(open);
      calls.push(open);
    }
    this.#await(calls);
    return { role: 'assistant', parts: planned, calls };
  }

  /** Some servers give every call of a conversation the same id: only the last turn's can wait. */
  #await(calls: readonly OpenCall[]): void {
    for (const open of calls) this.#waiting.delete(open.call.id);
    for (const open of calls) {
      const twins = this.#waiting.get(open.call.id);
      if (twins === undefined) this.#waiting.set(open.call.id, [open]);
      else twins.push(open);
    }
  }

  /** Hands results to their calls and gives back the rest. */
  given(parts: readonly UserPart[]): readonly GivenPart[] {
    const rest: GivenPart[] = [];
    for (const part of parts) {
      if (part.kind !== 'tool-result') {
        if (part.kind !== 'text' || part.text !== '') rest.push(part);
        continue;
      }
      const open = this.#waiting.get(part.id)?.shift();
      if (open !== undefined) {
        open.result = part;
        continue;
      }
      rest.push({ kind: 'text', text: `Result of tool call ${part.id}:` });
      for (const inner of part.content) rest.push(inner);
    }
    return rest;
  }

  #legalId(id: string): string {
    let own = legalName(id, this.#idCharsMax);
    if (this.#ids.has(own)) {
      let copy = this.#copies.get(id) ?? 1;
      do {
        copy += 1;
        own = legalName(`${id}_${copy}`, this.#idCharsMax);
      } while (this.#ids.has(own));
      this.#copies.set(id, copy);
    }
    this.#ids.add(own);
    return own;
  }
}
