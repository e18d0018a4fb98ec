// A whole answer as one response of OpenAI Responses.

import { ownId } from './answer-ids.ts';
import type { AskedFor } from './answer-events.ts';
import type { EncoderDeps } from './answer-writer.ts';
import type { WholeAnswer, WholeBlock } from './document-writer.ts';
import { FreeText } from './free-text.ts';
import {
  callItem,
  incompleteReasonOf,
  messageItem,
  reasoningItem,
  responseObject,
  responsesUsageMember,
} from './response-items.ts';

/** The response as JSON text. */
export function responsesDocument(whole: WholeAnswer, asked: AskedFor, deps: EncoderDeps): string {
  const incompleteReason = incompleteReasonOf(whole.closing.reason);
  const status = incompleteReason === undefined ? 'completed' : 'incomplete';
  const response = responseObject({
    id: ownId(whole.id, 'resp_', deps.newId),
    model: asked.model,
    createdAt: Math.floor(deps.wallNow() / 1000),
    status,
    output: itemsOf(whole.blocks, asked, deps, status),
    error: null,
    incompleteReason,
    usage: responsesUsageMember(whole.closing.usage),
  });
  return JSON.stringify(response);
}

/** Texts that follow each other are parts of one message. */
function itemsOf(
  blocks: readonly WholeBlock[],
  asked: AskedFor,
  deps: EncoderDeps,
  status: string,
): object[] {
  const items: object[] = [];
  let texts: string[] = [];
  const endMessage = (messageStatus: string): void => {
    if (texts.length > 0) items.push(messageItem(deps.newId('msg_'), texts, messageStatus));
    texts = [];
  };
  for (const block of blocks) {
    if (block.kind === 'text') texts.push(block.text);
    else {
      endMessage('completed');
      if (block.kind === 'reasoning') {
        if (block.text !== '') items.push(reasoningItem(deps.newId('rs_'), block.text));
      } else items.push(callOf(block.id, block.name, block.text, asked, deps));
    }
  }
  endMessage(status);
  return items;
}

function callOf(
  callId: string,
  name: string,
  text: string,
  asked: AskedFor,
  deps: EncoderDeps,
): object {
  const freeText = asked.freeTextTools.has(name);
  const itemId = deps.newId(freeText ? 'ctc_' : 'fc_');
  const facts = { itemId, callId, name, freeText };
  if (!freeText) return callItem(facts, text === '' ? '{}' : text, 'completed');
  const unwrapping = new FreeText();
  const input = unwrapping.push(text) + unwrapping.end();
  return callItem(facts, input, 'completed');
}
