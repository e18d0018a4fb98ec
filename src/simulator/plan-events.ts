// Reads a planned answer back as a client would, for tests here and in other rooms. Throws on
// anything that is not well-formed, so that each reading is a check.

import type { AnswerPlan } from './answer-plan.ts';

/** One event as it was read. `data` is parsed JSON, except for `[DONE]`. */
export interface PlannedEvent {
  /** From the `event:` line, else the empty text. */
  readonly name: string;
  readonly data: unknown;
}

/** The events of a streamed plan; each step has to be exactly one whole event. */
export function eventsOf(plan: AnswerPlan): PlannedEvent[] {
  return plan.steps.map((step) => {
    const match = /^(?:event: ([^\n]+)\n)?data: ([^\n]+)\n\n$/.exec(step.bytes);
    if (match === null) throw new Error(`not one whole event: ${JSON.stringify(step.bytes)}`);
    const data = match[2] ?? '';
    return { name: match[1] ?? '', data: data === '[DONE]' ? data : (JSON.parse(data) as unknown) };
  });
}

/** The one JSON value of a plan that is not streamed. */
export function bodyOf(plan: AnswerPlan): unknown {
  const [step, ...more] = plan.steps;
  if (step === undefined || more.length > 0) throw new Error('not one body');
  return JSON.parse(step.bytes) as unknown;
}

/** The text at a path, empty when there is none; numbers as they are written. */
export function textAt(value: unknown, path: string): string {
  const found = at(value, path);
  return typeof found === 'string' || typeof found === 'number' ? `${found}` : '';
}

/** The value at a path such as `choices.0.delta.content` inside parsed JSON. */
export function at(value: unknown, path: string): unknown {
  let inner = value;
  for (const key of path.split('.')) {
    if (inner === null || typeof inner !== 'object') return undefined;
    inner = (inner as Record<string, unknown>)[key];
  }
  return inner;
}
