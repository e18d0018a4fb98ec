// Which wire format a caller speaks, by its path, and which one an upstream takes. Where the two
// differ a call is converted. Only completions and embeddings have formats here: everything else is
// passed to upstreams of the caller's own family.

import type { DialectName } from './config/settings.ts';

/** Formats in which a caller can ask a model. */
export type CallerFormat = 'anthropic' | 'openai-chat' | 'openai-responses' | 'openai-embeddings';

/** Formats in which an upstream can be asked. */
export type TargetFormat = CallerFormat | 'salesforce-models';

/** Ends of paths, without query, that stand for a format. */
const pathEnds: Readonly<Record<CallerFormat, string>> = {
  anthropic: '/messages',
  'openai-chat': '/chat/completions',
  'openai-responses': '/responses',
  'openai-embeddings': '/embeddings',
};

const callerFormats = Object.entries(pathEnds) as [CallerFormat, string][];

/**
 * Whether a path, without query, is that of messages in a thread, as OpenAI's Assistants API keeps
 * them: records of an account, where Anthropic's path of the same end asks a model.
 */
export function isThreadPath(path: string): boolean {
  return /\/threads\/[^/]+\/messages(\/|$)/.test(path);
}

/** The format of a POST to this path, without query; `undefined` = none that can be converted. */
export function callerFormatOf(path: string): CallerFormat | undefined {
  if (isThreadPath(path)) return undefined;
  return callerFormats.find(([, end]) => path.endsWith(end))?.[0];
}

/** The format in which an upstream wants what is asked in this one; `undefined` = not at all. */
export function targetFormatOf(
  dialect: DialectName,
  caller: CallerFormat,
): TargetFormat | undefined {
  switch (dialect) {
    case 'salesforce-models':
      return dialect;
    case 'anthropic':
    case 'openai-chat':
    case 'openai-responses':
      if (caller !== 'openai-embeddings') return dialect;
      return dialect === 'anthropic' ? undefined : caller;
    case 'openai':
      return caller === 'anthropic' ? 'openai-chat' : caller;
    default:
      return undefined;
  }
}

/** The same place as `path`, asked in another format. The query belonged to the first one. */
export function convertedPath(path: string, from: CallerFormat, to: CallerFormat): string {
  const at = path.indexOf('?');
  const bare = at < 0 ? path : path.slice(0, at);
  return bare.slice(0, bare.length - pathEnds[from].length) + pathEnds[to];
}

/** Segments of paths that only OpenAI's API has. */
const OPENAI_SEGMENTS = [
  'chat/completions',
  'completions',
  'responses',
  'embeddings',
  'threads',
  'assistants',
  'conversations',
  'vector_stores',
  'fine_tuning',
  'audio',
  'images',
  'videos',
  'moderations',
  'realtime',
  'evals',
  'uploads',
  'containers',
  // Anthropic has them as well, below another segment.
  '(?<!/messages/)batches',
];
const OPENAI_ONLY = new RegExp(`/(?:${OPENAI_SEGMENTS.join('|')})(?:/|$)`);
const ANTHROPIC_ONLY = /\/(?:messages|complete)(?:\/|$)/;
const SALESFORCE_ONLY = /^\/einstein\//;

/**
 * The vendor whose API alone has this path, without query; `undefined` = several have it, or nobody
 * knows. A key of another vendor has no business there.
 */
export function vendorOf(path: string): 'anthropic' | 'openai' | 'salesforce-models' | undefined {
  if (SALESFORCE_ONLY.test(path)) return 'salesforce-models';
  // First: OpenAI, too, keeps messages, in threads and with stored completions.
  if (OPENAI_ONLY.test(path)) return 'openai';
  return ANTHROPIC_ONLY.test(path) ? 'anthropic' : undefined;
}

/** Upstreams of one family understand each other's calls as they are. */
export function familyOf(dialect: DialectName): string {
  return dialect.startsWith('openai') ? 'openai' : dialect;
}
