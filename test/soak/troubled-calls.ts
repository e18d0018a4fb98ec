// Calls to an upstream that fails in every way. What comes of them is open, but not whether it is
// told: a cut answer must not look finished, and nobody hangs.

import { anthropicEvents } from '../../src/dialects/samples.ts';
import { told } from './call-kind.ts';
import type { CallKind, CallTools } from './call-kind.ts';
import type { FreshValues } from './fresh-values.ts';
import type { Heard } from './http-caller.ts';

/** What the troubled upstream can be asked to do. */
export const faultNames = [
  'none',
  'status-500',
  'status-503',
  'status-429',
  'closed-unanswered',
  'reset-unanswered',
  'reset-in-stream',
  'closed-in-stream',
  'closed-before-terminal',
  'no-last-chunk',
  'ended-early',
  'bad-chunk',
  'error-first',
  'error-in-stream',
  'silent-before-head',
  'silent-in-stream',
] as const;

/** A name of `faultNames`. */
export type FaultName = (typeof faultNames)[number];

const complete = anthropicEvents.join('');
/** Upstream's own refusals, or ours with a code. */
const refusals = new Set([429, 500, 502, 503, 504, 529]);

/** Most calls go well, or the gateway would rightly stop trying again. */
const SOUND_SHARE = 0.75;
/** In this part of each period all of them fail, so that breakers open and close again. */
const PERIOD_MS = 12_000;
const OUTAGE_FROM_MS = 3_000;
const OUTAGE_UNTIL_MS = 4_500;
/** Circuits are those of a credential: one that many calls share sees the outage. */
const SHARED_KEY_SHARE = 0.5;

function draw(values: FreshValues): FaultName {
  const phaseMs = performance.now() % PERIOD_MS;
  if (phaseMs >= OUTAGE_FROM_MS && phaseMs < OUTAGE_UNTIL_MS) return 'status-503';
  return values.random.next() < SOUND_SHARE ? 'none' : values.pick(faultNames);
}

async function ask(tools: CallTools, model: string, fault: FaultName): Promise<Heard> {
  const { caller, values } = tools;
  const fields = values.fields(fault);
  if (values.random.next() < SHARED_KEY_SHARE) fields['x-api-key'] = 'shared';
  return caller.call({
    method: 'POST',
    path: '/v1/messages',
    headers: fields,
    body: JSON.stringify({ model: values.make(model), stream: true }),
  });
}

/** An answer that says what it is: all of it, an error in it, a broken end, or a refusal. */
export function isHonest({ end, status, text }: Pick<Heard, 'end' | 'status' | 'text'>): boolean {
  if (end === 'broken') return status === 200;
  if (end !== 'whole') return false;
  if (refusals.has(status)) return text !== '';
  return status === 200 && (text === complete || text.includes('event: error\n'));
}

/** Every kind with an open end. */
export const troubledCalls: readonly CallKind[] = [
  {
    name: 'call to a troubled upstream',
    weight: 8,
    async run(tools) {
      const fault = draw(tools.values);
      const heard = await ask(tools, 'troubled', fault);
      return isHonest(heard) ? undefined : `${fault}: ${told(heard)}`;
    },
  },
  {
    name: 'call with a second upstream behind a troubled one',
    weight: 5,
    async run(tools) {
      const fault = draw(tools.values);
      const heard = await ask(tools, 'spare', fault);
      return isHonest(heard) ? undefined : `${fault}: ${told(heard)}`;
    },
  },
];
