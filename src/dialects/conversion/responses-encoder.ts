// Writes answers as OpenAI Responses: created, in_progress, for each item added, its parts and
// deltas, done, at last completed or incomplete with every item and the usage. Clients take their
// texts from the `done` events, so these repeat everything.
// Invariants: `sequence_number` counts up by one from 0, pings and failures included; an item keeps
// its id and its `output_index`; a closing event is written for a whole answer or an error only.

import type { Opening } from '../../core/dialect.ts';
import { ownId } from './answer-ids.ts';
import type { AnswerEncoder, AnswerError, AskedFor } from './answer-events.ts';
import type { AnswerWriter, Closing, EncoderDeps } from './answer-writer.ts';
import { DocumentWriter } from './document-writer.ts';
import { openAiErrorMember } from './encode-error.ts';
import { ResponseCall } from './response-call.ts';
import type { SayEvent } from './response-call.ts';
import {
  incompleteReasonOf,
  messageItem,
  reasoningItem,
  responseObject,
  responsesUsageMember,
  summaryPart,
  textPart,
} from './response-items.ts';
import type { ResponseFacts } from './response-items.ts';
import { responsesDocument } from './responses-document.ts';
import { ShapedEncoder } from './shaped-encoder.ts';

const EVENTS = 'text/event-stream; charset=utf-8';

/** An encoder of Responses answers, streamed or whole as the caller asked. */
export function responsesEncoder(asked: AskedFor, deps: EncoderDeps): AnswerEncoder {
  if (asked.stream) return new ShapedEncoder(new ResponsesWriter(asked, deps), asked, EVENTS);
  const writer = new DocumentWriter((whole) => responsesDocument(whole, asked, deps));
  return new ShapedEncoder(writer, asked, 'application/json');
}

/** A message or thought that is being written. */
interface Prose {
  readonly kind: 'text' | 'reasoning';
  readonly id: string;
  readonly place: number;
  /** Key of the block that the last part belongs to. */
  key: string;
  /** The parts before the last. */
  readonly parts: string[];
  /** The last part so far. */
  text: string;
}

class ResponsesWriter implements AnswerWriter {
  readonly #asked: AskedFor;
  readonly #deps: EncoderDeps;
  readonly #opening: Opening;
  /** Items that are done, by their place. */
  readonly #output: object[] = [];
  readonly #calls: Map<string, ResponseCall> = new Map();
  #out: string = '';
  #id: string = '';
  #sequence: number = 0;
  #places: number = 0;
  #prose: Prose | undefined = undefined;

  constructor(asked: AskedFor, deps: EncoderDeps) {
    this.#asked = asked;
    this.#deps = deps;
    this.#opening = { model: asked.model, createdAt: Math.floor(deps.wallNow() / 1000) };
  }

  get place(): AnswerWriter['place'] {
    if (this.#id === '') return undefined;
    return { id: this.#id, sequence: this.#sequence - 1, opening: this.#opening };
  }

  take(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }

  start(id: string): void {
    this.#id = ownId(id, 'resp_', this.#deps.newId);
    const response = JSON.stringify(this.#response({ status: 'in_progress' }));
    this.#say('response.created', `"response":${response}`);
    this.#say('response.in_progress', `"response":${response}`);
  }

  text(key: string, delta: string): void {
    const prose = this.#proseOf('text', key);
    prose.text += delta;
    const at = atPart(prose);
    this.#say('response.output_text.delta', `${at},"delta":${JSON.stringify(delta)},"logprobs":[]`);
  }

  reasoning(key: string, delta: string): void {
    if (delta === '') return;
    const prose = this.#proseOf('reasoning', key);
    prose.text += delta;
    this.#say(
      'response.reasoning_summary_text.delta',
      `${atPart(prose)},"delta":${JSON.stringify(delta)}`,
    );
  }

  toolStart(key: string, id: string, name: string): void {
    this.#endProse('completed');
    const freeText = this.#asked.freeTextTools.has(name);
    const itemId = this.#deps.newId(freeText ? 'ctc_' : 'fc_');
    const facts = { itemId, callId: id, name, freeText };
    const call = new ResponseCall(facts, this.#places, this.#say);
    this.#places += 1;
    this.#calls.set(key, call);
    call.begin();
  }

  toolArguments(key: string, delta: string): void {
    this.#calls.get(key)?.fragment(delta);
  }

  toolEnd(key: string): void {
    const call = this.#calls.get(key);
    if (call !== undefined) this.#output[call.place] = call.end();
  }

  ping(): void {
    // An event, since Codex does not hear comments.
    if (this.#id !== '') this.#say('keepalive', '');
  }

  error(error: AnswerError): void {
    if (this.#id === '') this.#id = this.#deps.newId('resp_');
    const { code, message } = openAiErrorMember(error);
    const told = { code: code ?? 'invalid_request_error', message };
    const response = this.#response({ status: 'failed', error: told, output: this.#done() });
    this.#say('response.failed', `"response":${JSON.stringify(response)}`);
  }

  end(closing: Closing): void {
    const incompleteReason = incompleteReasonOf(closing.reason);
    const status = incompleteReason === undefined ? 'completed' : 'incomplete';
    this.#endProse(status);
    const response = this.#response({
      status,
      incompleteReason,
      output: this.#done(),
      usage: responsesUsageMember(closing.usage),
    });
    this.#say(`response.${status}`, `"response":${JSON.stringify(response)}`);
  }

  #done(): object[] {
    return this.#output.filter((item) => item !== undefined);
  }

  #response(facts: Partial<ResponseFacts> & Pick<ResponseFacts, 'status'>): object {
    return responseObject({
      id: this.#id,
      ...this.#opening,
      output: [],
      error: null,
      incompleteReason: undefined,
      usage: null,
      ...facts,
    });
  }

  /** The message or thought that text of this block belongs to; begins items and parts. */
  #proseOf(kind: 'text' | 'reasoning', key: string): Prose {
    const open = this.#prose;
    if (open?.kind === kind && open.key === key) return open;
    if (open?.kind === 'text' && kind === 'text') {
      // Another block of text right behind is another part of the same message.
      this.#endPart(open);
      open.parts.push(open.text);
      open.text = '';
      open.key = key;
      this.#beginPart(open);
      return open;
    }
    this.#endProse('completed');
    const id = this.#deps.newId(kind === 'text' ? 'msg_' : 'rs_');
    const prose: Prose = { kind, id, place: this.#places, key, parts: [], text: '' };
    this.#prose = prose;
    this.#places += 1;
    const item = kind === 'text' ? messageItem(id, [], 'in_progress') : reasoningItem(id, '');
    this.#say('response.output_item.added', itemMembers(prose.place, item));
    this.#beginPart(prose);
    return prose;
  }

  #beginPart(prose: Prose): void {
    const isText = prose.kind === 'text';
    const type = isText ? 'response.content_part.added' : 'response.reasoning_summary_part.added';
    const part = JSON.stringify(isText ? textPart('') : summaryPart(''));
    this.#say(type, `${atPart(prose)},"part":${part}`);
  }

  #endPart(prose: Prose): void {
    const at = atPart(prose);
    const text = JSON.stringify(prose.text);
    if (prose.kind === 'text') {
      const part = JSON.stringify(textPart(prose.text));
      this.#say('response.output_text.done', `${at},"text":${text},"logprobs":[]`);
      this.#say('response.content_part.done', `${at},"part":${part}`);
    } else {
      const part = JSON.stringify(summaryPart(prose.text));
      this.#say('response.reasoning_summary_text.done', `${at},"text":${text}`);
      this.#say('response.reasoning_summary_part.done', `${at},"part":${part}`);
    }
  }

  #endProse(status: string): void {
    const prose = this.#prose;
    if (prose === undefined) return;
    this.#prose = undefined;
    this.#endPart(prose);
    const item =
      prose.kind === 'text'
        ? messageItem(prose.id, [...prose.parts, prose.text], status)
        : reasoningItem(prose.id, prose.text);
    this.#output[prose.place] = item;
    this.#say('response.output_item.done', itemMembers(prose.place, item));
  }

  readonly #say: SayEvent = (type: string, members: string): void => {
    const more = members === '' ? '' : `,${members}`;
    const head = `event: ${type}\ndata: {"type":"${type}","sequence_number":`;
    this.#out += `${head}${this.#sequence}${more}}\n\n`;
    this.#sequence += 1;
  };
}

function itemMembers(place: number, item: object): string {
  return `"output_index":${place},"item":${JSON.stringify(item)}`;
}

/** Where a delta belongs, as JSON members. */
function atPart({ kind, id, place, parts }: Prose): string {
  const index = kind === 'text' ? 'content_index' : 'summary_index';
  return `"item_id":"${id}","output_index":${place},"${index}":${parts.length}`;
}
