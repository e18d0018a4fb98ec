// Turns the body of an Anthropic Messages request into what the native surface takes: a Bedrock
// body without `model` and `stream`, addressed by the path. Everything that is not named here
// passes byte for byte, fields unknown to us included.
// Source: the reference on Salesforce, section 6.

import type { RequestProblem } from '../conversion/model-request.ts';
import type { ThinkingFit } from '../conversion/thinking-fit.ts';
import { asObject } from '../conversion/json-values.ts';
import type { JsonObject } from '../conversion/json-values.ts';
import { listOf, parsedJson, textOf } from './json-value.ts';
import { objectText, rawItems, rawMembers } from './json-slices.ts';
import type { RawMember } from './json-slices.ts';
import { lockedMembers, passingBetas } from './native-betas.ts';
import { fittedThinking } from './native-thinking.ts';
import type { FittedThinking } from './native-thinking.ts';
import { requestProblem } from './request-problem.ts';

/** Where the native surface begins on the API's host. */
export const NATIVE_BASE = '/ai/gpt/v1';

const ANTHROPIC_VERSION = 'bedrock-2023-05-31';

/** Begins the text of the block in which Claude Code says who sent it; see `#system`. */
const ATTRIBUTION = 'x-anthropic-billing-header:';

/** How requests are fitted to the surface. */
export interface NativeRequestOptions {
  /** Names of `anthropic-beta` that may pass, `*` = all; others would be refused by the host. */
  readonly betas: readonly string[];
  /** What the model takes of thinking. One that is not sure leaves the caller's words alone. */
  readonly thinking: ThinkingFit;
  /** Largest `max_tokens` that the model takes; what asks for more is given this. */
  readonly maxTokens: number | undefined;
  /** False: the model refuses `temperature`, `top_p` and `top_k`. */
  readonly sampling: boolean;
}

/** For requests that were fitted already. */
export const fittedNativeRequest: NativeRequestOptions = {
  betas: ['*'],
  thinking: { form: 'none', efforts: [], isSure: false },
  maxTokens: undefined,
  sampling: true,
};

/** Members that `sampling` is about. */
const SAMPLING: readonly string[] = ['temperature', 'top_p', 'top_k'];

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
  options: NativeRequestOptions = fittedNativeRequest,
): NativeRequest | RequestProblem {
  const asked = asObject(parsedJson(body));
  if (asked === undefined) return requestProblem(undefined, 'the body must be a JSON object');
  if (!Array.isArray(asked['messages'])) {
    return requestProblem('messages', 'must be a list');
  }
  const dropped = new Set<string>();
  const passed = passingBetas(asked, betas, options.betas, dropped);
  const edits = new Edits(asked, options, lockedMembers(asked, passed), dropped);
  const members = rawMembers(body).flatMap((member) => edits.of(member));
  members.unshift({ name: 'anthropic_version', raw: JSON.stringify(ANTHROPIC_VERSION) });
  if (passed.length > 0) members.push({ name: 'anthropic_beta', raw: JSON.stringify(passed) });
  members.push(...edits.missing());
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
  readonly #asked: JsonObject;
  readonly #maxTokens: number | undefined;
  readonly #fitted: FittedThinking;
  /** Members that the model or its host would refuse. */
  readonly #refused: readonly string[];
  readonly #dropped: Set<string>;

  constructor(
    asked: JsonObject,
    { maxTokens, sampling, thinking }: NativeRequestOptions,
    locked: readonly string[],
    dropped: Set<string>,
  ) {
    this.#asked = asked;
    this.#maxTokens = maxTokens;
    const limit = asked['max_tokens'];
    const room = Math.min(typeof limit === 'number' ? limit : Infinity, maxTokens ?? Infinity);
    this.#fitted = fittedThinking(asked, thinking, room, dropped);
    this.#refused = sampling ? locked : [...locked, ...SAMPLING];
    this.#dropped = dropped;
  }

  of(member: RawMember): RawMember[] {
    const { name, raw } = member;
    switch (name) {
      case 'model':
      case 'stream':
      case 'anthropic_version':
      case 'anthropic_beta':
        return [];
      case 'messages':
        return [{ name, raw: this.#messages(raw) }];
      case 'system':
        return this.#system(member);
      case 'max_tokens':
        return [{ name, raw: this.#maxTokensText(raw) }];
      case 'thinking':
        return this.#thinking(member);
      case 'output_config':
        return this.#outputConfig(member);
      default:
        if (!this.#refused.includes(name)) return [member];
        this.#dropped.add(name);
        return [];
    }
  }

  /** An effort where the request has no `output_config` that could hold it. */
  missing(): RawMember[] {
    const { effort } = this.#fitted;
    const hasPlace = asObject(this.#asked['output_config']) !== undefined;
    return effort === undefined || hasPlace
      ? []
      : [{ name: 'output_config', raw: JSON.stringify({ effort }) }];
  }

  /**
   * The system prompt without the block for Anthropic's own books: to another vendor it is a prompt
   * like any other, and it changes with each version of the client.
   */
  #system(member: RawMember): RawMember[] {
    const blocks = listOf(this.#asked['system']);
    const isOurs = (block: unknown): boolean =>
      !(textOf(asObject(block)?.['text']) ?? '').startsWith(ATTRIBUTION);
    if (blocks.every(isOurs)) return [member];
    const rest = rawItems(member.raw).filter((_, place) => isOurs(blocks[place]));
    return rest.length === 0 ? [] : [{ name: member.name, raw: `[${rest.join(',')}]` }];
  }

  /**
   * Without thoughts of earlier turns, which were seen to be answered by 502. Those of the calls
   * under way stay: the model wants them back.
   */
  #messages(raw: string): string {
    if (!raw.includes('thinking"')) return raw;
    const turns = listOf(this.#asked['messages']);
    const kept = currentFrom(turns);
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

  #maxTokensText(raw: string): string {
    const most = this.#maxTokens;
    const asked = this.#asked['max_tokens'];
    return most !== undefined && typeof asked === 'number' && asked > most ? String(most) : raw;
  }

  #thinking(member: RawMember): RawMember[] {
    const { thinking } = this.#fitted;
    if (thinking === asObject(this.#asked['thinking'])) return [member];
    if (thinking === undefined) return [];
    return [{ name: member.name, raw: JSON.stringify(thinking) }];
  }

  #outputConfig(member: RawMember): RawMember[] {
    const { effort } = this.#fitted;
    const config = asObject(this.#asked['output_config']);
    if (config === undefined || textOf(config['effort']) === effort) return [member];
    const rest = rawMembers(member.raw).filter(({ name }) => name !== 'effort');
    if (effort !== undefined) rest.push({ name: 'effort', raw: JSON.stringify(effort) });
    return rest.length === 0 ? [] : [{ name: member.name, raw: objectText(rest) }];
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
