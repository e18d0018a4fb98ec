// Plans the answer of a simulated org's model: refusals on request first, then what is said, spread
// over time. The same for both surfaces, which differ in the voice they give it.

import { seededRandom } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import { paceOf } from '../answer-plan.ts';
import type { Ask } from '../ask.ts';
import type { Directives } from '../directives.ts';
import { streamedSteps, wholeStep } from '../pacing.ts';
import type { Pace } from '../sim-models.ts';
import type { ServiceAnswer, ServiceStep } from '../simulated-service.ts';
import type { Speech } from '../speech.ts';
import type { OrgModel } from './org-models.ts';
import { jsonAnswer, pageAnswer, refusalAnswer, refusalWithStatus, refuse } from './org-refusal.ts';
import type { OrgVoice } from './org-refusal.ts';
import { readOrgWishes } from './org-wishes.ts';
import type { OrgWishes } from './org-wishes.ts';

/** One question to a model of the org. */
export interface OrgQuestion {
  readonly surface: OrgVoice;
  readonly ask: Ask;
  readonly model: OrgModel;
  /** Status of a whole answer. */
  readonly status: number;
  /** What is said, once it is known what was wished for. */
  readonly speak: (wishes: Directives, random: Random) => Speech;
}

const EVENT_STREAM = 'application/vnd.amazon.eventstream';

/** The answer to one question; `random` belongs to it. */
export function modelAnswer(question: OrgQuestion, random: Random): ServiceAnswer {
  const { surface, ask, model } = question;
  const wishes = readOrgWishes(ask.userText, random);
  if (typeof wishes === 'string') {
    return refusalAnswer(surface, refuse(400, 'BAD_ARGUMENT', wishes));
  }
  const spoilt = spoiltAnswer(surface, wishes);
  if (spoilt !== undefined) return spoilt;
  const { common } = wishes;
  const own = common.seed === undefined ? random : seededRandom(common.seed);
  const speech = question.speak(common, own);
  // Nothing is known of signs of life on this surface.
  const pace = { ...paceOf(model.sim.pace, common), pingEveryMs: Infinity };
  if (ask.stream) return streamedAnswer(speech, pace, wishes, own);
  return wholeAnswer(question, speech, pace, wishes, own);
}

/** Refusals and other answers that no model had a part in. */
function spoiltAnswer(surface: OrgVoice, wishes: OrgWishes): ServiceAnswer | undefined {
  const { status, retryAfter, headMs } = wishes.common;
  if (status !== undefined) {
    if (wishes.html) return pageAnswer(status, headMs);
    return refusalAnswer(surface, refusalWithStatus(status), retryAfter, headMs);
  }
  if (!wishes.jsonError) return undefined;
  const busy = { ...refusalWithStatus(423), status: 200 };
  return refusalAnswer(surface, busy, retryAfter, headMs);
}

/** The voices of streams say their frames as latin1 text, one character a byte. */
function streamedAnswer(
  speech: Speech,
  pace: Pace,
  wishes: OrgWishes,
  random: Random,
): ServiceAnswer {
  const { fault } = wishes.common;
  const steps = wishes.empty
    ? [{ afterMs: pace.headMs, bytes: '' }]
    : streamedSteps(speech.voice, pace, fault, random);
  return {
    status: 200,
    headers: [['content-type', EVENT_STREAM]],
    streamed: true,
    ending: fault?.kind === 'cut' ? 'cut' : 'end',
    steps: byteSteps(steps, wishes.badCrcAt),
  };
}

function* byteSteps(
  steps: Iterable<{ readonly afterMs: number; readonly bytes: string }>,
  badCrcAt: number,
): Generator<ServiceStep> {
  let frames = 0;
  for (const { afterMs, bytes: text } of steps) {
    const bytes = Buffer.from(text, 'latin1');
    const last = bytes.length - 1;
    if (frames === badCrcAt && last >= 0) bytes[last] = (bytes[last] ?? 0) ^ 0xff;
    frames += 1;
    yield { afterMs, bytes };
  }
}

function wholeAnswer(
  { surface, status }: OrgQuestion,
  speech: Speech,
  pace: Pace,
  { common: { fault } }: OrgWishes,
  random: Random,
): ServiceAnswer {
  const { afterMs, bytes } = wholeStep(speech.voice, pace, fault, speech.tokens, random);
  if (fault?.kind === 'error') {
    return refusalAnswer(surface, refusalWithStatus(500), undefined, afterMs);
  }
  if (fault?.kind !== 'cut') return jsonAnswer(status, bytes, afterMs);
  const half = jsonAnswer(status, bytes.slice(0, bytes.length / 2), afterMs);
  return { ...half, ending: 'cut' };
}
