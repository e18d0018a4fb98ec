// What the text of a prompt asks of the simulated org beyond the directives of every simulated
// model: ways to fail that only this upstream has.

import type { Random } from '../../core/random.ts';
import { readDirectives } from '../directives.ts';
import type { DirectiveHelp, Directives } from '../directives.ts';

/** The org's own directives, for help texts and documentation. */
export const orgWishTable: readonly DirectiveHelp[] = [
  {
    form: 'json-error',
    meaning: 'Status 200 and an error as JSON in place of the answer.',
    example: '[[json-error]]',
  },
  { form: 'empty', meaning: 'Status 200 and a stream without events.', example: '[[empty]]' },
  {
    form: 'html',
    meaning: 'With status: a page in place of the error object.',
    example: '[[status=502]] [[html]]',
  },
  {
    form: 'toxic',
    meaning: 'The scan of the documented surface calls the answer toxic.',
    example: '[[toxic]]',
  },
  {
    form: 'bad-crc@N',
    meaning: 'A wrong checksum in the frame after N frames of a stream.',
    example: '[[bad-crc@3]]',
  },
];

/** The wishes of one prompt. */
export interface OrgWishes {
  readonly common: Directives;
  readonly jsonError: boolean;
  readonly empty: boolean;
  readonly html: boolean;
  /** Frames before the damaged one; `Infinity` = none. */
  readonly badCrcAt: number;
}

/** Whether the scan shall call the answer toxic. Its text is as harmless as ever. */
export function wishesToxic(text: string): boolean {
  return text.includes('[[toxic]]');
}

const OWN = /\[\[(json-error|empty|html|bad-crc@(\d{1,6}))\]\]/g;

/** The wishes in `text`, or a sentence that says which one makes no sense. */
export function readOrgWishes(text: string, random: Random): OrgWishes | string {
  const common = readDirectives(text);
  if (typeof common === 'string') return common;
  const spared = common.odds !== undefined && random.next() >= common.odds;
  if (spared) {
    common.status = undefined;
    common.fault = undefined;
  }
  const own = new Set<string>();
  let badCrcAt = Infinity;
  for (const [, name = '', place] of spared ? [] : text.matchAll(OWN)) {
    own.add(name);
    if (place !== undefined) badCrcAt = Number(place);
  }
  return {
    common,
    jsonError: own.has('json-error'),
    empty: own.has('empty'),
    html: own.has('html'),
    badCrcAt,
  };
}
