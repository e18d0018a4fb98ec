// What the three request encoders share: notes of what was lost on the way, names of tools, and the
// last step to JSON. The names it is given for `dropped` are a closed list, written in the code.

import { hash } from 'node:crypto';
import { printJson } from './exact-json.ts';
import type {
  DocumentPart,
  Effort,
  EncodedRequest,
  EncodeLimits,
  ModelRequest,
  RequestProblem,
  ToolDefinition,
} from './model-request.ts';
import { nearestEffort } from './thinking-effort.ts';
import type { ThinkingFit } from './thinking-fit.ts';
import { ToolNames } from './tool-names.ts';

/** The writing of one request. */
export class Writing {
  readonly request: ModelRequest;
  readonly limits: EncodeLimits;
  readonly names: ToolNames;
  #problem: RequestProblem | undefined;
  readonly #dropped = new Set<string>();

  constructor(request: ModelRequest, limits: EncodeLimits, nameCharsMax: number) {
    this.request = request;
    this.limits = limits;
    this.names = new ToolNames(nameCharsMax);
  }

  /** Notes that something asked for cannot be said in the format. */
  drop(name: string): undefined {
    this.#dropped.add(name);
  }

  /** Notes that the request cannot be sent without becoming another one. */
  refuse(message: string): void {
    this.#problem ??= { status: 400, message, param: undefined, code: undefined };
  }

  /** The request, or the first problem. Members that are undefined are left out. */
  result(body: object): EncodedRequest | RequestProblem {
    const text = printJson(body);
    if (text === undefined) this.refuse('the request is nested too deeply to be sent on');
    return (
      this.#problem ?? {
        body: text ?? '',
        dropped: [...this.#dropped].toSorted(),
        toolNames: this.names.back,
      }
    );
  }

  /** The limit of the answer, in tokens, within what the model takes. */
  maxTokens(): number | undefined {
    const { maxTokens } = this.request;
    return maxTokens === undefined ? undefined : this.clampTokens(maxTokens);
  }

  clampTokens(tokens: number): number {
    return Math.min(tokens, this.limits.maxTokens ?? Infinity);
  }

  /** `temperature` from 0 to `max`. */
  temperature(max: number): number | undefined {
    const { temperature } = this.request;
    if (temperature === undefined) return undefined;
    // 1 is the default, so a model that refuses any other loses nothing with it.
    if (this.limits.sampling === false) {
      return temperature === 1 ? undefined : this.drop('temperature');
    }
    const taken = Math.min(Math.max(temperature, 0), max);
    if (taken !== temperature) this.drop('temperature');
    return taken;
  }

  topP(): number | undefined {
    const { topP } = this.request;
    if (topP === undefined || this.limits.sampling !== false) return topP;
    return topP === 1 ? undefined : this.drop('top_p');
  }

  /** The effort in a word that the model takes. Another word than the one asked for is a loss. */
  effort({ efforts, form, isSure }: ThinkingFit): Effort | undefined {
    const { effort } = this.request;
    // A model that never thinks does as it is told by saying nothing.
    if (effort === undefined || (effort === 'none' && form === 'none' && isSure)) return undefined;
    const word = nearestEffort(effort, efforts);
    if (word !== effort) this.drop('reasoning_effort');
    return word;
  }

  /** Who the user is, unlike for unlike users, and not to be read by the upstream. */
  user(): string | undefined {
    const { user } = this.request;
    return user === undefined ? undefined : hashedUser(user);
  }
}

/** A name for a user that says nothing about who it is: half a SHA-256, in hexadecimal digits. */
export function hashedUser(user: string): string {
  return hash('sha256', user, 'hex').slice(0, 32);
}

/** The text of a document that is text, or undefined: models take PDF as files and little else. */
export function textOfDocument({ source }: DocumentPart): string | undefined {
  if (source.kind !== 'base64' || !source.mediaType.startsWith('text/')) return undefined;
  return Buffer.from(source.data, 'base64').toString('utf8');
}

/** A system turn for upstreams that know none but the first. */
export function markedSystemText(text: string): string {
  return `<system>\n${text}\n</system>`;
}

/** The description, with the grammar of a tool whose free text became an argument. */
export function describedTool({ description, grammar }: ToolDefinition): string | undefined {
  if (grammar === undefined) return description;
  const rule = `The input must match this ${grammar.syntax} grammar:\n${grammar.definition}`;
  return description === undefined ? rule : `${description}\n\n${rule}`;
}
