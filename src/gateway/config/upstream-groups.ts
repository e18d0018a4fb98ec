// Which upstreams have a use for a group of options. What is left to its default where it means
// nothing is not shown.

import { isModelDialect } from './layer-settings.ts';
import type { ProfileName } from './profiles.ts';
import type { UpstreamConfig } from './schema-upstream.ts';

/** As much of an upstream as decides. */
interface UpstreamKind {
  readonly dialect: UpstreamConfig['dialect'];
  readonly profile: ProfileName;
}

/** Groups that only some upstreams have a use for, by name. */
const users: Readonly<Record<string, (upstream: UpstreamKind) => boolean>> = {
  convert: ({ dialect }) => isModelDialect(dialect),
  salesforce: ({ dialect }) => dialect === 'salesforce-models',
  webSocket: ({ profile }) => profile === 'websocket',
};

/** Whether an upstream of this kind has a use for the group. */
export function usesGroup(upstream: UpstreamKind, group: string): boolean {
  return users[group]?.(upstream) !== false;
}
