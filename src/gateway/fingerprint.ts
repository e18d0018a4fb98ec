// Tells callers' own upstream keys apart without holding them: a salted 32-bit hash, new in every
// process, good for telling one key's failures from another's and for nothing else.

import type { HeaderList } from '../core/header-list.ts';
import { randomBytes } from 'node:crypto';

const SALT = randomBytes(4).readUInt32LE();

/** Where callers put their keys, most usual first. */
const KEY_FIELDS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'];

/** The fingerprint of the key in these fields, or '' when there is none. FNV-1a, salted. */
export function fingerprintOf(headers: HeaderList): string {
  for (const name of KEY_FIELDS) {
    const value = headers.get(name);
    if (value !== undefined) return hashed(value);
  }
  return '';
}

function hashed(text: string): string {
  let hash = (0x811c9dc5 ^ SALT) >>> 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  }
  return hash.toString(36);
}
