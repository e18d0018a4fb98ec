// Spreads what a voice says over time and lets it go wrong where the user asked for that. Lazy: a
// step is made when it is sent, so a stream of hours costs no more memory than one of seconds.

import { jittered } from '../core/random.ts';
import type { Random } from '../core/random.ts';
import type { Fault } from './directives.ts';
import type { Pace } from './sim-models.ts';
import type { Voice } from './voice.ts';

/** One write: a whole event or a whole body. */
export interface AnswerStep {
  /** Milliseconds since the step before; for the first, since the request was complete. */
  readonly afterMs: number;
  readonly bytes: string;
}

/** The steps of a streamed answer. Ends early where the fault says so. */
export function* streamedSteps(
  voice: Voice,
  pace: Pace,
  fault: Fault | undefined,
  random: Random,
): Generator<AnswerStep> {
  let waitMs = pace.headMs;
  let tokens = 0;
  let begun = false;
  for (const event of voice.events()) {
    if (event.content) {
      if (fault !== undefined && fault.kind !== 'stall' && tokens === fault.at) {
        if (fault.kind === 'error') yield { afterMs: waitMs, bytes: voice.frame(voice.failure) };
        return;
      }
      waitMs += spread(tokens === 0 ? pace.firstMs : pace.gapMs, pace, random);
      if (fault?.kind === 'stall' && tokens === fault.at) waitMs += fault.waitMs;
      tokens += 1;
    }
    while (
      begun &&
      voice.ping !== undefined &&
      waitMs > pace.pingEveryMs &&
      !stalled(fault, tokens)
    ) {
      yield { afterMs: pace.pingEveryMs, bytes: voice.frame(voice.ping) };
      waitMs -= pace.pingEveryMs;
    }
    yield { afterMs: waitMs, bytes: voice.frame(event) };
    waitMs = 0;
    begun = true;
  }
}

/** A stall is silence: pings would hide what it is there to show. */
function stalled(fault: Fault | undefined, tokens: number): boolean {
  return fault?.kind === 'stall' && tokens === fault.at + 1;
}

/** The one step of a whole answer; it takes as long as streaming it would. */
export function wholeStep(
  voice: Voice,
  pace: Pace,
  fault: Fault | undefined,
  tokens: number,
  random: Random,
): AnswerStep {
  const spoken = Math.max(0, tokens - 1) * pace.gapMs;
  const stallMs = fault?.kind === 'stall' && fault.at < tokens ? fault.waitMs : 0;
  const afterMs = pace.headMs + spread(pace.firstMs + spoken, pace, random) + stallMs;
  return { afterMs, bytes: JSON.stringify(voice.whole()) };
}

function spread(ms: number, pace: Pace, random: Random): number {
  return pace.jitter === 0 || ms === 0 ? ms : jittered(ms, pace.jitter, random);
}
