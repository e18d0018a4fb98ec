// Turns the body of an Anthropic Messages request into what the native surface takes: a Bedrock
// body without `model` and `stream`, addressed by the path. Everything that is not named here
// passes byte for byte, fields unknown to us included.
// Source: the reference on Salesforce, section 6.

import type { RequestProblem } from '../conversion/model-request.ts';
import { effortOfBudget } from '../conversion/thinking-effort.ts';
import { asObject } from '../conversion/json-values.ts';
import type { JsonObject } from '../conversion/json-values.ts';
import { listOf, parsedJson, textOf } from './json-value.ts';
import { objectText, rawItems, rawMembers } from './json-slices.ts';
import type { RawMember } from './json-slices.ts';
import { requestProblem } from './request-problem.ts';

/** Where the native surface begins on the API's host. */
export const NATIVE_BASE = '/ai/gpt/v1';

const ANTHROPIC_VERSION = 'bedrock-2023-05-31';

/** How requests are fitted to the surface. */
export interface NativeRequestOptions {
  /**
   * Which thoughts of earlier turns are sent. `current`: only those of the tool calls under way,
   * which the model wants back; older ones were seen to be answered by 502. `none`, `all`.
   */
  readonly thoughts: 'current' | 'none' | 'all';
  /** Names of `anthropic-beta` that may pass; others would be refused by the host. */
  readonly betas: 'all' | readonly string[];
  /** Newer models refuse `thinking.type: "enabled"`: `adaptive` rewrites it, budgets to efforts. */
  readonly thinking: 'keep' | 'adaptive';
  /** Largest `max_tokens` that the model takes; what asks for more is given this. */
  readonly maxTokens: number | undefined;
  /** Further top-level fields that the host refuses. */
  readonly omit: readonly string[];
}

/** What suits any model of the surface. */
export const defaultNativeRequestOptions: NativeRequestOptions = {
  thoughts: 'current',
  betas: 'all',
  thinking: 'keep',
  maxTokens: undefined,
  omit: [],
};

/** A request as the surface takes it. */
export interface NativeRequest {
  /** On the API's host, without query. */
  readonly path: string;
  /** JSON. */
  readonly body: string;
  readonly stream: boolean;
  /** What was left out, by name; sorted, each once. */
  readonly dropped: readonly string[];
}

/**
 * The request for `body`, the text of an Anthropic Messages request. `alias` names the model on the
 * surface, `betas` is the caller's `anthropic-beta` field. A problem where the body is no request.
 */
export function nativeRequest(
  body: string,
  alias: string,
  betas: string | undefined,
  options: NativeRequestOptions = defaultNativeRequestOptions,
): NativeRequest | RequestProblem {
  const asked = asObject(parsedJson(body));
  if (asked === undefined) return requestProblem(undefined, 'the body must be a JSON object');
  if (!Array.isArray(asked['messages'])) {
    return requestProblem('messages', 'must be a list');
  }
  const dropped = new Set<string>();
  const edited = new Edits(asked, options, dropped);
  const members = rawMembers(body).flatMap((member) => edited.of(member));
  members.unshift({ name: 'anthropic_version', raw: JSON.stringify(ANTHROPIC_VERSION) });
  const passed = passingBetas(asked, betas, options, dropped);
  if (passed.length > 0) members.push({ name: 'anthropic_beta', raw: JSON.stringify(passed) });
  if (edited.effort !== undefined) {
    members.push({ name: 'output_config', raw: JSON.stringify({ effort: edited.effort }) });
  }
  const stream = asked['stream'] === true;
  const action = stream ? 'invoke-with-response-stream' : 'invoke';
  return {
    path: `${NATIVE_BASE}/model/${encodeURIComponent(alias)}/${action}`,
    body: objectText(members),
    stream,
    dropped: [...dropped].toSorted(),
  };
}

/** Decides over each top-level member. */
class Edits {
  /** An effort to be added, because no `output_config` said one. */
  effort: string | undefined = undefined;
  readonly #asked: JsonObject;
  readonly #options: NativeRequestOptions;
  readonly #dropped: Set<string>;

  constructor(asked: JsonObject, options: NativeRequestOptions, dropped: Set<string>) {
    this.#asked = asked;
    this.#options = options;
    this.#dropped = dropped;
  }

  of(member: RawMember): RawMember[] {
    switch (member.name) {
      case 'model':
      case 'stream':
      case 'anthropic_version':
      case 'anthropic_beta':
        return [];
      case 'messages':
        return [{ name: member.name, raw: this.#messages(member.raw) }];
      case 'max_tokens':
        return [{ name: member.name, raw: this.#maxTokens(member.raw) }];
      case 'thinking':
        return [{ name: member.name, raw: this.#thinking(member.raw) }];
      default:
        if (!this.#options.omit.includes(member.name)) return [member];
        this.#dropped.add(member.name);
        return [];
    }
  }

  #messages(raw: string): string {
    const { thoughts } = this.#options;
    const mayHold = raw.includes('thinking"');
    if (thoughts === 'all' || !mayHold) return raw;
    const turns = listOf(this.#asked['messages']);
    const kept = thoughts === 'none' ? turns.length : currentFrom(turns);
    const items = rawItems(raw).flatMap((item, place) =>
      place >= kept ? [item] : this.#withoutThoughts(item, turns[place]),
    );
    return `[${items.join(',')}]`;
  }

  /** The turn without its thoughts; nothing when it held nothing else: turns may not be empty. */
  #withoutThoughts(item: string, turn: unknown): string[] {
    const content = asObject(turn)?.['content'];
    if (!listOf(content).some(isThought)) return [item];
    this.#dropped.add('messages.thinking');
    const blocks = listOf(content);
    const members = rawMembers(item).map(({ name, raw }) => {
      if (name !== 'content') return { name, raw };
      const rest = rawItems(raw).filter((_, place) => !isThought(blocks[place]));
      return { name, raw: `[${rest.join(',')}]` };
    });
    return blocks.every(isThought) ? [] : [objectText(members)];
  }

  #maxTokens(raw: string): string {
    const { maxTokens } = this.#options;
    const asked = this.#asked['max_tokens'];
    const isMore = maxTokens !== undefined && typeof asked === 'number' && asked > maxTokens;
    return isMore ? String(maxTokens) : raw;
  }

  #thinking(raw: string): string {
    const thinking = asObject(this.#asked['thinking']);
    if (this.#options.thinking === 'keep' || thinking?.['type'] !== 'enabled') return raw;
    if (asObject(this.#asked['output_config']) === undefined) {
      const budget = thinking['budget_tokens'];
      this.effort = typeof budget === 'number' ? effortOfBudget(budget) : 'high';
    }
    this.#dropped.add('thinking.budget_tokens');
    const { budget_tokens: _, ...rest } = { ...thinking, type: 'adaptive' } as JsonObject;
    return JSON.stringify(rest);
  }
}

/** Index of the first turn after the user's last words: from there on tools are at work. */
function currentFrom(turns: readonly unknown[]): number {
  const last = turns.findLastIndex((turn) => {
    const object = asObject(turn);
    if (object?.['role'] !== 'user') return false;
    const content = listOf(object['content']);
    return content.length === 0 || !content.some((block) => typeOf(block) === 'tool_result');
  });
  return last + 1;
}

function isThought(block: unknown): boolean {
  const type = typeOf(block);
  return type === 'thinking' || type === 'redacted_thinking';
}

function typeOf(block: unknown): string | undefined {
  return textOf(asObject(block)?.['type']);
}

/** Betas of header and body that may pass, each once. */
function passingBetas(
  asked: JsonObject,
  header: string | undefined,
  options: NativeRequestOptions,
  dropped: Set<string>,
): string[] {
  const inBody = listOf(asked['anthropic_beta']).flatMap((name) => textOf(name) ?? []);
  const inHeader = (header ?? '').split(',').map((name) => name.trim());
  const names = new Set([...inHeader, ...inBody].filter((name) => name !== ''));
  const { betas } = options;
  if (betas === 'all') return [...names];
  const passed = [...names].filter((name) => betas.includes(name));
  if (passed.length < names.size) dropped.add('anthropic-beta');
  return passed;
}
