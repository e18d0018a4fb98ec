// Keys of callers are known by their digest alone. SHA-256 without salt is enough for random keys
// of 16 characters and more, and lets a person make the digest with a tool at hand.

import { createHash } from 'node:crypto';
import type { AccessKeyConfig } from './schema-access.ts';

/** The SHA-256 of a key as it was written, lower-case hex; '' where neither form was. */
export function digestOf({ key, sha256 }: Pick<AccessKeyConfig, 'key' | 'sha256'>): string {
  if (key === undefined) return sha256 ?? '';
  return createHash('sha256').update(key).digest('hex');
}
