// Wishes to the simulated instance: fields or query parameters named `x-sim-...`. A name or value
// that makes no sense is refused, so that a typing error is not taken for a passed test.

import type { DirectiveHelp } from '../directives.ts';

/** Every wish, for help texts and documentation. */
export const wishTable: readonly DirectiveHelp[] = [
  { form: 'x-sim-delay: T', meaning: 'The query takes T.', example: 'x-sim-delay: 2s' },
  { form: 'x-sim-status: N', meaning: 'Refuses (400 to 599).', example: 'x-sim-status: 503' },
  {
    form: 'x-sim-retry-after: N',
    meaning: 'With status or busy: asks to wait N seconds.',
    example: 'x-sim-retry-after: 3',
  },
  {
    form: 'x-sim-page: N',
    meaning: 'The page of an instance that sleeps, with status 200 or 503.',
    example: 'x-sim-page: 200',
  },
  {
    form: 'x-sim-partial: N',
    meaning: 'A list breaks off after N rows: status 200 with an error in it.',
    example: 'x-sim-partial: 2',
  },
  { form: 'x-sim-busy', meaning: 'No room: 429 and nothing more.', example: 'x-sim-busy: 1' },
  {
    form: 'x-sim-rule: N',
    meaning: 'A rate rule refuses, for N seconds.',
    example: 'x-sim-rule: 1800',
  },
  { form: 'x-sim-dropped', meaning: '202, and the work is dropped.', example: 'x-sim-dropped: 1' },
  {
    form: 'x-sim-close: head|body',
    meaning: 'The work is done, and the connection closed before or inside its answer.',
    example: 'x-sim-close: head',
  },
  {
    form: 'x-sim-odds: P',
    meaning: 'All but delay strike with probability P.',
    example: 'x-sim-odds: 0.5',
  },
  {
    form: 'x-sim-first: N/LABEL',
    meaning: 'All but delay strike the first N requests with this label.',
    example: 'x-sim-first: 2/a',
  },
];

/** What one request wishes; `undefined` = nothing of the kind. */
export interface Wishes {
  delayMs: number | undefined;
  status: number | undefined;
  retryAfter: number | undefined;
  page: number | undefined;
  partial: number | undefined;
  busy: boolean | undefined;
  ruleMs: number | undefined;
  dropped: boolean | undefined;
  close: 'head' | 'body' | undefined;
  odds: number | undefined;
  first: { readonly count: number; readonly label: string } | undefined;
}

/** A request without wishes. */
export function noWishes(): Wishes {
  return {
    delayMs: undefined,
    status: undefined,
    retryAfter: undefined,
    page: undefined,
    partial: undefined,
    busy: undefined,
    ruleMs: undefined,
    dropped: undefined,
    close: undefined,
    odds: undefined,
    first: undefined,
  };
}

/** Writes one wish; false when its value makes no sense. */
type Setter = (wishes: Wishes, value: string) => boolean;

const PREFIX = 'x-sim-';
const DELAY_MS_MAX = 3_600_000;

const setters = new Map<string, Setter>([
  ['delay', (wishes, value) => (wishes.delayMs = durationMs(value)) !== undefined],
  ['status', (wishes, value) => (wishes.status = whole(value, 400, 599)) !== undefined],
  ['retry-after', (wishes, value) => (wishes.retryAfter = whole(value, 0, 86_400)) !== undefined],
  ['page', (wishes, value) => /^(200|503)$/.test(value) && (wishes.page = Number(value)) > 0],
  ['partial', (wishes, value) => (wishes.partial = whole(value, 0, 100_000)) !== undefined],
  ['busy', (wishes, value) => (wishes.busy = flag(value)) !== undefined],
  ['rule', setRule],
  ['dropped', (wishes, value) => (wishes.dropped = flag(value)) !== undefined],
  ['close', setClose],
  ['odds', setOdds],
  ['first', setFirst],
]);

/** The wishes among fields and parameters, or a sentence that says which one makes no sense. */
export function readWishes(pairs: Iterable<readonly [string, string]>): Wishes | string {
  const wishes = noWishes();
  for (const [name, value] of pairs) {
    const lower = name.toLowerCase();
    if (!lower.startsWith(PREFIX)) continue;
    const set = setters.get(lower.slice(PREFIX.length));
    if (set === undefined) return `There is no ${lower}.`;
    if (!set(wishes, value)) return `${lower} makes no sense as ${JSON.stringify(value)}.`;
  }
  return wishes;
}

function setRule(wishes: Wishes, value: string): boolean {
  const seconds = whole(value, 1, 3_600);
  wishes.ruleMs = seconds === undefined ? undefined : seconds * 1_000;
  return seconds !== undefined;
}

function setClose(wishes: Wishes, value: string): boolean {
  if (value !== 'head' && value !== 'body') return false;
  wishes.close = value;
  return true;
}

function setOdds(wishes: Wishes, value: string): boolean {
  if (!/^(0|1|0?\.\d{1,6}|1\.0+)$/.test(value)) return false;
  wishes.odds = Number(value);
  return true;
}

function setFirst(wishes: Wishes, value: string): boolean {
  const [, count, label] = /^(\d{1,6})\/([\w-]{1,80})$/.exec(value) ?? [];
  if (count === undefined || label === undefined) return false;
  wishes.first = { count: Number(count), label };
  return true;
}

function flag(value: string): boolean | undefined {
  return /^(1|true)$/.test(value) ? true : undefined;
}

function whole(value: string, min: number, max: number): number | undefined {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : -1;
  return number >= min && number <= max ? number : undefined;
}

function durationMs(value: string): number | undefined {
  const [, amount, unit] = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m)?$/.exec(value) ?? [];
  if (amount === undefined) return undefined;
  const ms = Number(amount) * (unit === 'm' ? 60_000 : unit === 's' ? 1_000 : 1);
  return ms <= DELAY_MS_MAX ? ms : undefined;
}
