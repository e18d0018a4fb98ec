// What is said in answer to an ask, the same in every dialect: thinking, text, calls to tools and
// the reason to stop. Invariant: `outputTokens` is the number of pieces that the dialects send,
// calls counted by the pieces of their inputs, so usage always adds up.

import type { Random } from '../core/random.ts';
import type { Ask } from './ask.ts';
import { withoutDirectives } from './directives.ts';
import type { Directives } from './directives.ts';
import { randomId } from './random-id.ts';
import { piecesOf, Prose } from './prose.ts';
import { sampleValue } from './sample-value.ts';
import type { SimModel } from './sim-models.ts';
import { planCalls } from './tool-plan.ts';
import type { PlannedCall } from './tool-plan.ts';

/** A call to a tool as it is sent. */
export interface ToolCall extends PlannedCall {
  /** The end of its id; each dialect puts its own prefix in front. */
  readonly id: string;
  /** The input in the pieces in which it is streamed. */
  readonly pieces: readonly string[];
}

/** One answer. Texts can be read more than once. */
export interface Composition {
  readonly thinking: Iterable<string>;
  readonly thinkingTokens: number;
  readonly text: Iterable<string>;
  readonly textTokens: number;
  readonly calls: readonly ToolCall[];
  readonly stop: 'end' | 'length' | 'tools';
  readonly outputTokens: number;
}

const THINKING_TOKENS = 40;
const PREFACE = ['Let', ' me', ' look', ' at', ' that', '.'];
const OUTPUT_SHOWN = 200;

/** Composes one alternative. `preface`: the dialect may speak before it calls a tool. */
export function compose(
  ask: Ask,
  wishes: Directives,
  model: SimModel,
  random: Random,
  preface: boolean,
): Composition {
  const calls = planCalls(ask, wishes, model).map((call) => callWithId(call, random));
  const words = speech(ask, wishes, model, random);
  const wanted: Words = calls.length === 0 ? words : counted(preface ? PREFACE : []);
  const thinkingTokens = thinks(ask, wishes, model) ? Math.min(THINKING_TOKENS, ask.maxTokens) : 0;
  const textTokens = Math.min(wanted.count, ask.maxTokens - thinkingTokens);
  let outputTokens = thinkingTokens + textTokens;
  for (const call of calls) outputTokens += call.pieces.length;
  return {
    thinking: new Prose(seedFrom(random), thinkingTokens, 'thought'),
    thinkingTokens,
    text: textTokens < wanted.count ? new FirstOf(wanted.words, textTokens) : wanted.words,
    textTokens,
    calls,
    stop: calls.length > 0 ? 'tools' : textTokens < wanted.count ? 'length' : 'end',
    outputTokens,
  };
}

/** A text and how many pieces it has. */
interface Words {
  readonly words: Iterable<string>;
  readonly count: number;
}

function counted(words: readonly string[]): Words {
  return { words, count: words.length };
}

function speech(ask: Ask, wishes: Directives, model: SimModel, random: Random): Words {
  const seed = seedFrom(random);
  if (ask.format !== undefined) return counted(piecesOf(JSON.stringify(sampleValue(ask.format))));
  if (wishes.tokens === undefined && ask.toolOutputs.length > 0) return counted(report(ask));
  if (model.behaviour === 'echo') return counted(piecesOf(withoutDirectives(ask.userText)));
  const [fewest, most] = model.tokens;
  const usual = fewest + Math.floor(random.next() * (most - fewest + 1));
  // A fault after N tokens can only strike an answer that is longer.
  const least = wishes.fault === undefined ? 0 : wishes.fault.at + 1;
  const count = wishes.tokens ?? Math.max(usual, least);
  return { words: new Prose(seed, count, 'speech'), count };
}

/** Tells what the tools answered, so that a test can see that the answer reached the model. */
function report(ask: Ask): string[] {
  const shown = ask.toolOutputs.map((output) => output.trim().slice(0, OUTPUT_SHOWN));
  return piecesOf(`The tool answered: ${shown.join(' | ')}`.toWellFormed());
}

function thinks(ask: Ask, wishes: Directives, model: SimModel): boolean {
  if (ask.thinking === 'never') return false;
  return wishes.think ?? (ask.thinking === 'asked' || model.thinks);
}

function callWithId(call: PlannedCall, random: Random): ToolCall {
  return { ...call, id: randomId(random, 24), pieces: call.input.match(/[\s\S]{1,8}/gu) ?? [] };
}

function seedFrom(random: Random): number {
  return Math.floor(random.next() * 4_294_967_296);
}

/** The first pieces of a text. */
class FirstOf implements Iterable<string> {
  readonly #words: Iterable<string>;
  readonly #count: number;

  constructor(words: Iterable<string>, count: number) {
    this.#words = words;
    this.#count = count;
  }

  *[Symbol.iterator](): Generator<string> {
    let left = this.#count;
    if (left <= 0) return;
    for (const word of this.#words) {
      yield word;
      left -= 1;
      if (left <= 0) return;
    }
  }
}
