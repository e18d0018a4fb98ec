// Options of an upstream that answers for models: what they are called there, and how a call that
// was written for another vendor is fitted to it.

import { z } from 'zod';
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
    why: 'A few compatible servers refuse `stream_options`.',
  }),
  sampling: option.withDefault(option.flag(), true, {
    doc: 'Pass on `temperature` and `top_p`.',
    why: 'Thinking models refuse them.',
  }),
  laterSystem: option.optional(option.flag(), {
    doc: 'The upstream takes system messages in mid-conversation; else they become marked text of the user. Without it: false for Anthropic, true for the others.',
    why: 'Coding agents send them.',
  }),
});

/** `salesforce`. */
export const salesforce = z.strictObject({
  surface: option.withDefault(option.choice('auto', 'documented', 'native'), 'auto', {
    doc: '`documented` is the REST API (no tools, no streams of its own), `native` the one of the vendor’s own tools; `auto` uses the native one for models of Anthropic and for what only it can do.',
    why: 'Tools and streams exist on the native surface alone; its paths are not part of the documented API.',
  }),
  unsupported: option.withDefault(option.choice('reject', 'drop'), 'reject', {
    doc: 'What happens to images, tools and fixed answer forms on the documented surface: a 400 that names them, or they are left out and named in `x-holdfast-dropped`.',
    why: 'An answer to half of a question is worse than none, unless one knows.',
  }),
  thinking: option.withDefault(option.choice('keep', 'adaptive'), 'keep', {
    doc: '`adaptive` rewrites thinking with a budget, which newer models refuse, to an effort.',
    why: 'Older clients send budgets.',
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
