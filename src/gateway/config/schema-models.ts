// Options of an upstream that answers for models: what they are called there, and how a call that
// was written for another vendor is fitted to it.

import { z } from 'zod';
import { effortScale } from '../../dialects/conversion/thinking-effort.ts';
import * as option from './option.ts';

const modelName = option.parsedText('text', 'small-model', (text) => text);
const tokens = (): z.ZodType<number, number | string> =>
  option.integer({ min: 1, max: 10_000_000 });

/** `models`: names callers use (with `*`), to names the upstream knows. */
export const models: z.ZodRecord<z.ZodString, typeof modelName> = z.record(z.string(), modelName);

/** `convert`. */
export const convert = z.strictObject({
  maxTokens: option.optional(tokens(), {
    doc: 'Most tokens of an answer that the upstream takes a request for; what asks for more is given this.',
    why: 'Coding agents ask for 128000, which smaller models refuse.',
  }),
  defaultMaxTokens: option.withDefault(tokens(), 8_192, {
    doc: 'Tokens asked for where the caller named none and the upstream must be told.',
    why: 'Anthropic demands a number, OpenAI does not.',
  }),
  maxTokensField: option.withDefault(
    option.choice('max_completion_tokens', 'max_tokens'),
    'max_completion_tokens',
    {
      doc: 'What an OpenAI chat upstream calls the limit of the answer.',
      why: 'Thinking models of OpenAI know only the first, some compatible servers only the second.',
    },
  ),
  streamUsage: option.withDefault(option.flag(), true, {
    doc: 'Ask an OpenAI chat upstream for token counts at the end of streams.',
    why: 'A few compatible servers refuse `stream_options`. A refusal is found out and remembered until the next reload; this spares even that.',
  }),
  sampling: option.withDefault(option.flag(), true, {
    doc: 'Pass on `temperature`, `top_p` and `top_k`.',
    why: 'Thinking models refuse them.',
  }),
  thinking: option.withDefault(option.choice('auto', 'adaptive', 'budget', 'none'), 'auto', {
    doc: 'How the model is asked to think: by a word of effort (`adaptive`), by a number of tokens (`budget`, Claude before 4.6), or not at all. `auto` goes by the name that the model has at the upstream: Claude by its version, GPT-5, o-series and gpt-oss by effort, GPT-4 and older not; a name that tells nothing is not asked to think. Calls in the upstream’s own format keep what they say, except on the native surface of Salesforce, where it is fitted if the name tells.',
    why: 'Coding agents ask for thinking in every call, and models refuse with a 400 what they do not know; without it they only think less, and the caller is told.',
  }),
  efforts: option.optional(
    z.array(option.choice(...effortScale), { error: () => 'is not a list of efforts' }),
    {
      doc: 'Words of effort that the model takes; another is replaced by the nearest. Without it: those of its name, else low, medium and high. A list means that it thinks, an empty one that it does not.',
      why: 'Vendors and models differ: `max` is Anthropic’s, `minimal` OpenAI’s, and many servers know three.',
    },
  ),
  laterSystem: option.optional(option.flag(), {
    doc: 'The upstream takes system messages in mid-conversation; else they become marked text of the user. Without it: false for Anthropic and the native surface of Salesforce, true for the others.',
    why: 'Coding agents send them.',
  }),
});

/** Members that the conversion itself writes. */
const ownMembers = ['messages', 'prompt'];

const members = z
  .record(z.string(), z.json(), { error: () => 'is not a table of members' })
  .superRefine((written, context) => {
    for (const name of ownMembers.filter((own) => own in written)) {
      const message = 'stands in place of what the caller asks; remove it';
      context.addIssue({ code: 'custom', path: [name], message });
    }
  })
  .register(option.kindRegistry, { kind: 'JSON by name', example: '{}' });

const betaName = option.parsedText('text', 'context-1m-2025-08-07', (text) => text.trim());

/** `salesforce`. */
export const salesforce = z.strictObject({
  surface: option.withDefault(option.choice('auto', 'documented', 'native'), 'auto', {
    doc: '`documented` is the REST API (no tools, no streams of its own), `native` the one of the vendor’s own tools, which knows models of Anthropic. `auto` asks models on the native one whose name says that they are Anthropic’s, those that it says are another’s on the documented one, and all others there too, unless the request holds what only the native one can do: tools, images, documents, a fixed form of the answer.',
    why: 'Tools and streams exist on the native surface alone; its paths are not part of the documented API.',
  }),
  endpoint: option.withDefault(
    option.choice('chat-generations', 'generations'),
    'chat-generations',
    {
      doc: 'How the documented surface is asked for a text: with a conversation, or with one prompt into which it is written.',
      why: 'A few models take prompts alone.',
    },
  ),
  unsupported: option.withDefault(option.choice('reject', 'drop'), 'reject', {
    doc: 'What happens to images, tools and fixed answer forms on the documented surface: a 400 that names them, or they are left out and named in `x-holdfast-dropped`.',
    why: 'An answer to half of a question is worse than none, unless one knows.',
  }),
  members: option.optional(members, {
    doc: 'Further members of every request for a text on the documented surface, as JSON: `localization`, `tags`.',
    why: 'They tell the trust layer languages and purposes, and no client knows them.',
  }),
  toxic: option.withDefault(option.choice('pass', 'refusal'), 'pass', {
    doc: 'What becomes of an answer of the documented surface that its scan found toxic: it passes, or it is told to be a refusal (`refusal`, `content_filter`). The text stays.',
    why: 'Callers of other vendors have no other place for the mark.',
  }),
  betas: option.optional(z.array(betaName, { error: () => 'is not a list of names' }), {
    doc: 'Values of `anthropic-beta` that pass to the native surface; `*` = all. Others are left out, with what they unlock, and named in `x-holdfast-dropped`. Without it: those that Amazon Bedrock documents for Claude up to 4.6, none for later models and names without a version.',
    why: 'The host answers 400 to a value that it does not know, and clients send eight.',
  }),
  appContext: option.withDefault(
    option.parsedText('text', 'EinsteinGPT', (text) => text),
    'EinsteinGPT',
    { doc: 'The field `x-sfdc-app-context`.', why: 'The API refuses calls without it.' },
  ),
  featureId: option.withDefault(
    option.parsedText('text', 'ai-platform-models-connected-app', (text) => text),
    'ai-platform-models-connected-app',
    { doc: 'The field `x-client-feature-id`.', why: 'The API refuses calls without it.' },
  ),
});

/** Written options of this file, parsed. */
export type ConvertConfig = z.output<typeof convert>;
export type SalesforceConfig = z.output<typeof salesforce>;
