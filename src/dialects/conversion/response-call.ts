// One call in a Responses stream, from `output_item.added` to `output_item.done`: of a function
// with JSON arguments, or of a tool that takes free text and whose arguments were wrapped.

import { FreeText } from './free-text.ts';
import { callItem } from './response-items.ts';
import type { CallFacts } from './response-items.ts';

/** Sends one event; `members` are the JSON members that follow type and number. */
export type SayEvent = (type: string, members: string) => void;

/** A call that is being written. */
export class ResponseCall {
  /** Its `output_index`. */
  readonly place: number;
  readonly #facts: CallFacts;
  readonly #say: SayEvent;
  readonly #family: string;
  readonly #freeText: FreeText | undefined;
  /** Everything said so far. */
  #said: string = '';

  constructor(facts: CallFacts, place: number, say: SayEvent) {
    this.#facts = facts;
    this.place = place;
    this.#say = say;
    this.#freeText = facts.freeText ? new FreeText() : undefined;
    this.#family = facts.freeText
      ? 'response.custom_tool_call_input'
      : 'response.function_call_arguments';
  }

  begin(): void {
    this.#item('response.output_item.added', callItem(this.#facts, '', 'in_progress'));
  }

  /** Takes a fragment of the arguments. */
  fragment(fragment: string): void {
    this.#delta(this.#freeText === undefined ? fragment : this.#freeText.push(fragment));
  }

  /** Ends the call; gives its item. */
  end(): object {
    if (this.#freeText !== undefined) this.#delta(this.#freeText.end());
    else if (this.#said === '') this.#delta('{}');
    const { name, freeText } = this.#facts;
    const said = JSON.stringify(this.#said);
    const whole = freeText
      ? `"input":${said}`
      : `"name":${JSON.stringify(name)},"arguments":${said}`;
    this.#say(`${this.#family}.done`, `${this.#at()},${whole}`);
    const item = callItem(this.#facts, this.#said, 'completed');
    this.#item('response.output_item.done', item);
    return item;
  }

  #delta(text: string): void {
    if (text === '') return;
    this.#said += text;
    this.#say(`${this.#family}.delta`, `${this.#at()},"delta":${JSON.stringify(text)}`);
  }

  #item(type: string, item: object): void {
    this.#say(type, `"output_index":${this.place},"item":${JSON.stringify(item)}`);
  }

  #at(): string {
    return `"item_id":"${this.#facts.itemId}","output_index":${this.place}`;
  }
}
