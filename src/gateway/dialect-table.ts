// Which implementation stands behind each wire format a configuration can name.

import type { Dialect } from '../core/dialect.ts';
import { anthropicDialect } from '../dialects/anthropic.ts';
import { ndjsonDialect } from '../dialects/ndjson.ts';
import { openaiChatDialect } from '../dialects/openai-chat.ts';
import { openaiResponsesDialect } from '../dialects/openai-responses.ts';
import { plainDialect } from '../dialects/plain.ts';
import { salesforceDialect } from '../dialects/salesforce/salesforce.ts';
import { serviceNowDialect } from '../dialects/service-now/service-now.ts';
import { sseDialect } from '../dialects/sse.ts';
import type { DialectName } from './config/settings.ts';

/** Every dialect by its name in the configuration; `openai` is resolved by path beforehand. */
export const dialectTable: Readonly<Record<Exclude<DialectName, 'openai'>, Dialect>> = {
  anthropic: anthropicDialect,
  'openai-chat': openaiChatDialect,
  'openai-responses': openaiResponsesDialect,
  'salesforce-models': salesforceDialect,
  servicenow: serviceNowDialect,
  ndjson: ndjsonDialect,
  sse: sseDialect,
  plain: plainDialect,
};
