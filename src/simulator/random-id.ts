// Ids that look like those of the real services and come from the seed.

import type { Random } from '../core/random.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `length` letters and digits. */
export function randomId(random: Random, length: number): string {
  let id = '';
  for (let at = 0; at < length; at += 1) {
    id += LETTERS.charAt(Math.floor(random.next() * LETTERS.length));
  }
  return id;
}
