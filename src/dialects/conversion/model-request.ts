// What a caller asks of a model, in no wire format: the middle between the request decoders and
// encoders. It holds what at least two formats can say; everything else is named in `dropped` by
// whoever cannot keep it, so that nothing is lost in silence.

/** An image or document: bytes in base64, or an address that the model's host fetches itself. */
export type MediaSource =
  | { readonly kind: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly kind: 'url'; readonly url: string };

export interface TextPart {
  readonly kind: 'text';
  readonly text: string;
}

export interface ImagePart {
  readonly kind: 'image';
  readonly source: MediaSource;
}

export interface DocumentPart {
  readonly kind: 'document';
  readonly source: MediaSource;
  readonly fileName: string | undefined;
}

/** What a user, or a tool, can give a model. */
export type GivenPart = TextPart | ImagePart | DocumentPart;

/** A call of a tool that the model made. */
export interface ToolCallPart {
  readonly kind: 'tool-call';
  readonly id: string;
  readonly name: string;
  /** The arguments as the JSON text that was written; '' when there are none. */
  readonly argumentsJson: string;
}

/** What a tool gave back. */
export interface ToolResultPart {
  readonly kind: 'tool-result';
  /** The id of the call it answers. */
  readonly id: string;
  readonly content: readonly GivenPart[];
  readonly isError: boolean;
}

/** Thoughts of an earlier turn. Only the format that wrote them can read them again. */
export interface ReasoningPart {
  readonly kind: 'reasoning';
  readonly text: string;
  readonly signature: string | undefined;
}

export type UserPart = GivenPart | ToolResultPart;
export type AssistantPart = TextPart | ToolCallPart | ReasoningPart;

/** One turn; equal roles may follow each other, and `system` may stand anywhere. */
export type Turn =
  | { readonly role: 'system'; readonly parts: readonly TextPart[] }
  | { readonly role: 'user'; readonly parts: readonly UserPart[] }
  | { readonly role: 'assistant'; readonly parts: readonly AssistantPart[] };

export interface ToolDefinition {
  readonly name: string;
  readonly description: string | undefined;
  /** JSON Schema of the arguments. */
  readonly schema: unknown;
  readonly strict: boolean | undefined;
  /** Takes free text instead of arguments (Responses' custom tools); wrapped as `{input}`. */
  readonly freeText: boolean;
  /** What the free text must match. */
  readonly grammar?: Grammar;
}

/** A grammar of free text, in the words of the Responses API. */
export interface Grammar {
  /** `lark` or `regex`; an open set. */
  readonly syntax: string;
  readonly definition: string;
}

export type ToolChoice =
  | { readonly kind: 'auto' | 'any' | 'none' }
  | { readonly kind: 'tool'; readonly name: string };

/** How much thinking is asked for, weakest first. */
export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';

export type AnswerFormat =
  | { readonly kind: 'json-object' }
  | {
      readonly kind: 'json-schema';
      readonly name: string;
      readonly schema: unknown;
      readonly strict: boolean | undefined;
    };

/** One request for an answer. `undefined` = not said. */
export interface ModelRequest {
  readonly model: string;
  readonly turns: readonly Turn[];
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice | undefined;
  readonly parallelTools: boolean | undefined;
  /** Tokens. */
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly topK: number | undefined;
  readonly stop: readonly string[];
  readonly effort: Effort | undefined;
  /** Thoughts shall be part of the answer. */
  readonly wantsReasoning: boolean;
  readonly format: AnswerFormat | undefined;
  /** Who the caller's user is, as the caller wrote it. */
  readonly user: string | undefined;
  readonly stream: boolean;
  /** Chat only: the stream shall end with a chunk of token counts. */
  readonly includeUsage: boolean;
}

/** A request in a wire format. */
export interface DecodedRequest {
  readonly request: ModelRequest;
  /**
   * Fields that the middle does not hold, by their names in the format; sorted, each once. Safe in
   * a header, but callers can invent names: never a label of a metric.
   */
  readonly dropped: readonly string[];
}

/** A request that cannot be read or cannot be said in the other format. The caller's to mend. */
export interface RequestProblem {
  readonly status: 400;
  /** What to do about it, beginning with the place: `messages.3.content: ...`. */
  readonly message: string;
  /** The place alone, where there is one. */
  readonly param: string | undefined;
  /** OpenAI's `code`, where clients act on one. */
  readonly code: string | undefined;
}

/** Whether a decoder or encoder found a problem instead of making its result. */
export function isProblem(
  result: DecodedRequest | EncodedRequest | RequestProblem,
): result is RequestProblem {
  return 'status' in result;
}

/** The limits of one upstream that an encoder must keep to. */
export interface EncodeLimits {
  /** The model's name there. */
  readonly model: string;
  /** Largest `max_tokens` that the model takes; what asks for more is given this. */
  readonly maxTokens: number | undefined;
  /** For formats that must have `max_tokens`, when the caller did not say. */
  readonly defaultMaxTokens: number;
  /**
   * Words for effort that the model takes; what is asked for is moved to the nearest. Absent: as
   * its name tells, else low, medium, high, which every vendor's thinking models know. Empty: it
   * takes none.
   */
  readonly efforts?: readonly Effort[];
  /** False: the model refuses `temperature`, `top_p` and `top_k`. Absent: true. */
  readonly sampling?: boolean;
  /**
   * Whether the model decides how much to think, wants a budget (Anthropic's before 4.6) or is not
   * to be asked. `auto`, or absent: as its name tells.
   */
  readonly thinking?: 'auto' | 'adaptive' | 'budget' | 'none';
  /**
   * Chat: what the limit of the answer is called. OpenAI's thinking models refuse `max_tokens`;
   * some compatible servers know nothing else. Absent: `max_completion_tokens`.
   */
  readonly maxTokensField?: 'max_completion_tokens' | 'max_tokens';
  /** Chat: false when the server refuses `stream_options`. Absent: true. */
  readonly streamUsage?: boolean;
  /**
   * Whether system turns may stand after the first turn; if not they become marked user text.
   * Absent: false for Anthropic, true for the others.
   */
  readonly laterSystem?: boolean;
}

/** What an encoder made. `toolNames` maps shortened names back to the caller's. */
export interface EncodedRequest {
  /** JSON. */
  readonly body: string;
  /** What the format cannot say: a closed list of names, sorted, each once. */
  readonly dropped: readonly string[];
  readonly toolNames: ReadonlyMap<string, string>;
}
