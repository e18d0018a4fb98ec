// The tool calls in the chunks of one Chat answer. Servers differ: a call may come whole or in
// fragments, with its id and name once or in each fragment, all calls with index 0 or without one,
// some without any id. A new id, or a new name where there are no ids, opens a new call.
// Invariant: a call is told once its id and name are known, and its arguments never before.

import type { AnswerTeller } from './answer-teller.ts';
import { printJson } from './exact-json.ts';
import { asCount, asObject, asText } from './json-values.ts';
import type { JsonObject } from './json-values.ts';

interface Call {
  /** Tells calls apart; the answer's running number of the call. */
  readonly key: string;
  id: string;
  name: string;
  /** All fragments so far. */
  text: string;
  /** Length of `text` when it was last found to be incomplete. */
  incompleteAt: number;
  started: boolean;
  ended: boolean;
}

/** Far more than any model makes at once; what a call costs grows with those that are open. */
const CALLS_MAX = 1_024;

/** The calls of one answer. */
export class ChatCalls {
  readonly #teller: AnswerTeller;
  /** The newest call of each index. */
  readonly #byIndex: Map<number, Call> = new Map();
  #open: Call[] = [];
  #count: number = 0;
  #answerId: string = '';

  constructor(teller: AnswerTeller) {
    this.#teller = teller;
  }

  /** The id of the answer, of which ids are made for calls that have none. */
  set answerId(id: string) {
    this.#answerId = id;
  }

  /** Takes one entry of `tool_calls`; `place` is its place in the list. */
  take(entry: JsonObject, place: number): void {
    const index = asCount(entry['index']);
    const callee = asObject(entry['function']) ?? {};
    this.#take(index < 0 ? place : index, asText(entry['id']), callee);
  }

  /** Takes the older `function_call`, of which there is one and which has no id. */
  takeOld(callee: JsonObject): void {
    this.#take(-1, '', callee);
  }

  /**
   * Something else follows: calls whose arguments are complete end here, so that encoders of
   * formats with one block after the other need not wait for the end of the answer.
   */
  settle(): void {
    if (this.#open.length === 0) return;
    this.#open = this.#open.filter((call) => {
      if (call.started && call.text.length !== call.incompleteAt) {
        if (isWhole(call.text)) this.#end(call);
        else call.incompleteAt = call.text.length;
      }
      return !call.ended;
    });
  }

  /** All calls end. False when one of them never had a name, so that nobody could answer it. */
  endAll(): boolean {
    let named = true;
    for (const call of this.#open) {
      if (call.name === '') named = false;
      else {
        if (call.id === '') call.id = this.#madeId(call);
        this.#start(call);
        this.#end(call);
      }
    }
    this.#open = [];
    return named;
  }

  #take(index: number, id: string, callee: JsonObject): void {
    const name = asText(callee['name']);
    const known = this.#byIndex.get(index);
    const isNew = known === undefined || isOther(known, id, name);
    if (isNew && this.#count >= CALLS_MAX) {
      const message = `The upstream's answer has more than ${CALLS_MAX} tool calls.`;
      this.#teller.fail({ class: 'server', message, status: 502 });
      return;
    }
    const call = isNew ? this.#begin(index) : known;
    if (call.id === '') call.id = id;
    if (call.name === '') call.name = name;
    const fragment = fragmentOf(callee['arguments']);
    if (!call.started && !this.#teller.takes(fragment.length)) return;
    call.text += fragment;
    if (call.started) this.#teller.toolArguments(call.key, fragment);
    else if (call.id !== '' && call.name !== '') this.#start(call);
  }

  #begin(index: number): Call {
    this.settle();
    const call: Call = {
      key: `call${this.#count}`,
      id: '',
      name: '',
      text: '',
      incompleteAt: 0,
      started: false,
      ended: false,
    };
    this.#count += 1;
    this.#byIndex.set(index, call);
    this.#open.push(call);
    return call;
  }

  #start(call: Call): void {
    if (call.started) return;
    call.started = true;
    this.#teller.toolStart(call.key, call.id, call.name);
    this.#teller.toolArguments(call.key, call.text);
  }

  #end(call: Call): void {
    call.ended = true;
    this.#teller.toolEnd(call.key);
  }

  /** Unique as long as the server's ids of answers are. */
  #madeId(call: Call): string {
    return `call_${this.#answerId.replaceAll(/[^\w-]/g, '')}_${call.key.slice('call'.length)}`;
  }
}

function isOther(known: Call, id: string, name: string): boolean {
  if (id !== '' && known.id !== '') return id !== known.id;
  if (known.ended) return name !== '';
  return id === '' && known.id === '' && name !== '' && known.name !== '' && name !== known.name;
}

/** Arguments are a text, but some servers send the value itself. */
function fragmentOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return asObject(value) === undefined ? '' : (printJson(value) ?? '');
}

function isWhole(text: string): boolean {
  if (!text.trimEnd().endsWith('}')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
