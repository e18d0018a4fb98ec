// The fields of an answer that belong to one vendor's API, in the names of the caller's: ids of
// requests and what is left of limits are translated, the vendor's notes about itself are left out.
// Everything else passes, `retry-after` and `x-should-retry` above all, which all SDKs obey.
// Sources: the vendors' references on headers; the official SDKs, which read the id of a request
// from the one field of their vendor.

import type { HeaderList } from '../../core/header-list.ts';
import type { ModelDialect } from './answer-events.ts';

/** What may be written into another field; the upstream's own fields are read with less care. */
const PLAIN = /^[\x20-\x7e]{1,256}$/;

/** Names of the three fields of one limit. */
interface LimitFields {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

/** OpenAI names the first two alone; nobody minds the names of the others. */
const limitKinds = ['requests', 'tokens', 'input-tokens', 'output-tokens'] as const;

const openAiLimits: readonly LimitFields[] = limitKinds.map((kind) => ({
  limit: `x-ratelimit-limit-${kind}`,
  remaining: `x-ratelimit-remaining-${kind}`,
  reset: `x-ratelimit-reset-${kind}`,
}));

const anthropicLimits: readonly LimitFields[] = limitKinds.map((kind) => ({
  limit: `anthropic-ratelimit-${kind}-limit`,
  remaining: `anthropic-ratelimit-${kind}-remaining`,
  reset: `anthropic-ratelimit-${kind}-reset`,
}));

/** How the fields of one vendor become those of the other. */
interface Translation {
  readonly requestId: readonly [theirs: string, own: string];
  readonly limits: readonly LimitFields[];
  readonly ownLimits: readonly LimitFields[];
  /** When a limit is full again, in the caller's form; `undefined` = it cannot be read. */
  readonly reset: (theirs: string, saidAt: number) => string | undefined;
  /** Names that are translated. */
  readonly known: ReadonlySet<string>;
  /** What the names of the vendor's other fields begin with; its clients alone know them. */
  readonly prefix: string;
}

function translation(own: Omit<Translation, 'known'>): Translation {
  const names = own.limits.flatMap(({ limit, remaining, reset }) => [limit, remaining, reset]);
  return { ...own, known: new Set([own.requestId[0], ...names]) };
}

const toAnthropic = translation({
  requestId: ['x-request-id', 'request-id'],
  limits: openAiLimits,
  ownLimits: anthropicLimits,
  reset: dateAfter,
  prefix: 'openai-',
});

const toOpenAi = translation({
  requestId: ['request-id', 'x-request-id'],
  limits: anthropicLimits,
  ownLimits: openAiLimits,
  reset: durationUntil,
  prefix: 'anthropic-',
});

/** The fields of an answer for a caller of this format. `wallNow` in ms since the Unix epoch. */
export function fieldsForCaller(
  from: ModelDialect,
  fields: HeaderList,
  wallNow: () => number,
): HeaderList {
  const own = from === 'anthropic' ? toAnthropic : toOpenAi;
  const theirs = theirNames(own, fields);
  // As between the two APIs of one vendor.
  if (theirs.length === 0) return fields;
  let told = fields.without(...theirs);
  for (const [name, value] of translated(own, fields, wallNow)) told = told.with(name, value);
  return told;
}

function theirNames({ known, prefix }: Translation, fields: HeaderList): string[] {
  const names: string[] = [];
  for (let index = 0; index < fields.count; index += 1) {
    const name = fields.name(index).toLowerCase();
    if (name.startsWith(prefix) || known.has(name)) names.push(name);
  }
  return names;
}

function translated(
  { requestId, limits, ownLimits, reset }: Translation,
  fields: HeaderList,
  wallNow: () => number,
): [string, string][] {
  const told: [string, string][] = [];
  const tell = (name: string, value: string | undefined): void => {
    if (value !== undefined && PLAIN.test(value) && !fields.has(name)) told.push([name, value]);
  };
  tell(requestId[1], fields.get(requestId[0]));
  for (const [place, theirs] of limits.entries()) {
    const own = ownLimits[place];
    if (own === undefined || !fields.has(theirs.remaining)) continue;
    tell(own.limit, fields.get(theirs.limit));
    tell(own.remaining, fields.get(theirs.remaining));
    const until = fields.get(theirs.reset);
    if (until !== undefined) tell(own.reset, reset(until, saidAt(fields, wallNow)));
  }
  return told;
}

/** When the vendor wrote the answer, by its own clock where it tells. */
function saidAt(fields: HeaderList, wallNow: () => number): number {
  const said = Date.parse(fields.get('date') ?? '');
  return Number.isNaN(said) ? wallNow() : said;
}

const SECONDS = /^\d{1,8}(?:\.\d+)?$/;
const DURATION =
  /^(?:(\d{1,4})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,8}(?:\.\d+)?)s)?(?:(\d{1,8}(?:\.\d+)?)ms)?$/;

/** A duration as OpenAI writes it (`6m0s`, `17ms`) as the RFC 3339 date that Anthropic writes. */
function dateAfter(duration: string, from: number): string | undefined {
  const text = SECONDS.test(duration) ? `${duration}s` : duration;
  const parts = text === '' ? null : DURATION.exec(text);
  if (parts === null) return undefined;
  const [hours = 0, minutes = 0, seconds = 0, ms = 0] = parts
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  const waitMs = ((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms;
  return new Date(Math.ceil(from + waitMs)).toISOString();
}

/** A date as the duration from `from` on; one that has passed is none. */
function durationUntil(date: string, from: number): string | undefined {
  const at = Date.parse(date);
  if (Number.isNaN(at)) return undefined;
  const ms = Math.max(0, Math.ceil(at - from));
  if (ms < 1_000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = (ms % 60_000) / 1_000;
  return `${hours > 0 ? `${hours}h` : ''}${ms >= 60_000 ? `${minutes}m` : ''}${seconds}s`;
}
