// What the simulator says: a pool of sentences, drawn by a seed and cut into pieces of the size of
// tokens. Invariant: the same seed and count give the same pieces; joined, they are the text. Some
// sentences hold characters of two to four bytes, so that streams are cut inside them now and then.

import { seededRandom } from '../core/random.ts';
import type { Random } from '../core/random.ts';

const sentences = [
  'A connection that has been quiet for a minute may already be gone, and nobody has told you.',
  'The far side closed it politely; the news is still on its way.',
  'Count the last byte, not the first: a call is over when nothing more can come.',
  'A timeout is a promise about patience, so say whose patience it is.',
  'Between Zürich and São Paulo a packet spends most of its life waiting its turn.',
  'Retries are kind to one caller and cruel to a service that is already on its knees.',
  'When a stream stops without saying goodbye, believe that something was lost.',
  'An idle socket costs little until the moment you need it.',
  'The proxy in the middle had an opinion too, and it lasted sixty seconds.',
  'Half an answer that looks whole is worse than no answer at all.',
  'Keep the line warm, but do not talk over the one who is thinking.',
  'A queue without a limit is a slow way to fail.',
  'Every byte was acknowledged, and still the request was never read.',
  'The naïve fix is a bigger pool; the honest one is to ask who holds the sockets.',
  'Backpressure is only good manners: do not send more than the other side can read.',
  'If you leave early, tell the kitchen, or they will go on cooking.',
  'The handshake took three trips → the answer took one.',
  'Some failures are safe to repeat, some are not, and most systems cannot say which is which.',
  'The reset came first; the explanation came with the next deploy.',
  'On a good day nobody notices the gateway, and that is the whole point.',
  'Résumé of the incident: the load balancer slept, the client did not.',
  'A heartbeat proves that the heart beats, not that the patient is awake.',
  'In 東京 the morning shift met a certificate that had expired overnight.',
  'Drain first, then restart; the other order is called an outage.',
];

const thoughts = [
  'The user wants a plain answer about the connection.',
  'First I should check what is known: who opened it, and who closed it.',
  'Nothing here needs a long explanation, so a few sentences will do.',
  'The order of events matters more than their number.',
  'If the last byte is missing, the rest cannot be trusted.',
];

/** A text of a given number of pieces that can be read again and again without being kept. */
export class Prose implements Iterable<string> {
  readonly count: number;
  readonly #seed: number;
  readonly #pool: readonly string[];

  constructor(seed: number, count: number, about: 'speech' | 'thought') {
    this.#seed = seed;
    this.count = count;
    this.#pool = about === 'speech' ? sentences : thoughts;
  }

  *[Symbol.iterator](): Generator<string> {
    const random = seededRandom(this.#seed);
    let left = this.count;
    while (left > 0) {
      const sentence = this.#draw(random);
      const glue = left === this.count ? '' : ' ';
      for (const piece of piecesOf(glue + sentence)) {
        yield piece;
        left -= 1;
        if (left === 0) return;
      }
    }
  }

  #draw(random: Random): string {
    return this.#pool[Math.floor(random.next() * this.#pool.length)] ?? '';
  }
}

const PIECE = /\s*[^\s]{1,8}|\s+/gu;

/** Cuts a text into pieces of about the size of tokens; joined, they are the text again. */
export function piecesOf(text: string): string[] {
  return text.match(PIECE) ?? [];
}

/** Tokens of a text of this many characters, by the usual rule of four characters a token. */
export function estimatedTokens(characters: number): number {
  return Math.max(1, Math.ceil(characters / 4));
}
