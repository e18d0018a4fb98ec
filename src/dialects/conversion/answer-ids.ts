// Ids of answers and their items where the caller's format has other ones than the upstream's.

import type { Random } from '../../core/random.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 24 of 62 letters are 142 bits: no two ids of a deployment are alike. */
const ID_LETTERS = 24;

/** A source of ids with these random letters. They name things and protect nothing. */
export function randomIds(random: Random): (prefix: string) => string {
  return (prefix) => {
    let id = prefix;
    for (let place = 0; place < ID_LETTERS; place += 1) {
      id += LETTERS.charAt(Math.floor(random.next() * LETTERS.length));
    }
    return id;
  };
}

/** Longer ids name nothing; real ones have less than a hundred letters. */
const ID_LETTERS_MAX = 256;

/** The upstream's id where it has the form of the caller's format, else a new one. */
export function ownId(id: string, prefix: string, newId: (prefix: string) => string): string {
  return id.startsWith(prefix) && id.length <= ID_LETTERS_MAX ? id : newId(prefix);
}
