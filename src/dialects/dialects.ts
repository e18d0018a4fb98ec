// The list of dialects by name, as configuration and the command line speak of them.

import type { Dialect } from '../core/dialect.ts';
import { anthropicDialect } from './anthropic.ts';
import { ndjsonDialect } from './ndjson.ts';
import { openaiChatDialect } from './openai-chat.ts';
import { openaiResponsesDialect } from './openai-responses.ts';
import { plainDialect } from './plain.ts';
import { serviceNowDialect } from './service-now/service-now.ts';
import { sseDialect } from './sse.ts';

const all: readonly Dialect[] = [
  anthropicDialect,
  openaiChatDialect,
  openaiResponsesDialect,
  serviceNowDialect,
  ndjsonDialect,
  sseDialect,
  plainDialect,
];

const byName = new Map(all.map((dialect) => [dialect.name, dialect]));

/** Every dialect's name, in the order of the documentation. */
export const dialectNames: readonly string[] = all.map((dialect) => dialect.name);

/** The dialect of that name, or `undefined`. */
export function dialectByName(name: string): Dialect | undefined {
  return byName.get(name);
}
