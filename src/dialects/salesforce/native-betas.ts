// Which of a caller's betas reach the native surface. Anthropic ignores betas that it does not
// know; the host of this surface, Amazon Bedrock, answers 400 ("invalid beta flag") to a single
// one, and clients send eight. What a beta would have unlocked is left out with it.

import { claudeVersion } from '../conversion/thinking-fit.ts';
import type { JsonObject } from '../conversion/json-values.ts';
import { listOf, textOf } from './json-value.ts';

/**
 * Betas that Bedrock documents for InvokeModel. From 4.7 on its models were seen to refuse all of
 * them: what they stood for is a part of those models or not to be had there.
 */
const HOST_BETAS: readonly string[] = [
  'computer-use-2024-10-22',
  'computer-use-2025-01-24',
  'context-1m-2025-08-07',
  'context-management-2025-06-27',
  'dev-full-thinking-2025-05-14',
  'effort-2025-11-24',
  'interleaved-thinking-2025-05-14',
  'output-128k-2025-02-19',
  'token-efficient-tools-2025-02-19',
  'tool-examples-2025-10-29',
  'tool-search-tool-2025-10-19',
];
const NO_BETAS_SINCE = 407;

/** Top-level members that are refused without a beta, and how such betas begin. */
const unlocked: Readonly<Record<string, readonly string[]>> = {
  context_management: ['context-management-', 'compact-'],
  mcp_servers: ['mcp-client-'],
  speed: ['fast-mode-'],
};

/** The betas that a model takes there, as far as its name tells: none where it does not. */
export function hostBetas(model: string): readonly string[] {
  const version = claudeVersion(model);
  return version === undefined || version >= NO_BETAS_SINCE ? [] : HOST_BETAS;
}

/**
 * The betas in header and body that may pass, each once, in their order. `allowed` holds names, of
 * which `*` stands for all. What may not is added to `dropped` as one name.
 */
export function passingBetas(
  asked: JsonObject,
  header: string | undefined,
  allowed: readonly string[],
  dropped: Set<string>,
): string[] {
  const inBody = listOf(asked['anthropic_beta']).flatMap((name) => textOf(name) ?? []);
  const inHeader = (header ?? '').split(',').map((name) => name.trim());
  const names = [...new Set([...inHeader, ...inBody].filter((name) => name !== ''))];
  const passed = allowed.includes('*') ? names : names.filter((name) => allowed.includes(name));
  if (passed.length < names.length) dropped.add('anthropic-beta');
  return passed;
}

/** Members of the request that need a beta which does not pass. */
export function lockedMembers(asked: JsonObject, passed: readonly string[]): string[] {
  return Object.entries(unlocked)
    .filter(([, keys]) => !passed.some((beta) => keys.some((key) => beta.startsWith(key))))
    .map(([name]) => name)
    .filter((name) => asked[name] !== undefined);
}
