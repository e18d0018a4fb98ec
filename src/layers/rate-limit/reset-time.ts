// When a limit is lifted, in each form that providers write it: a duration (`6m0s`, `12ms`), a date
// (RFC 3339), seconds since 1970, or seconds from now. Everything becomes ms from the answer on.

/** Longest wait believed, in ms; what is later is a typing error or not ours to wait for. */
const BELIEVED_MS_MAX = 86_400_000;

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|us|µs|ns|h|m|s))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)/g;
const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
const NUMBER = /^\d{1,15}(?:\.\d+)?$/;
/** Larger numbers are moments since 1970 in seconds, yet larger ones in milliseconds. */
const EPOCH_SECONDS_MIN = 1e9;
const EPOCH_MS_MIN = 1e12;

/** A duration as Go prints it (OpenAI), or plain seconds, in ms; -1 = none of them. */
export function durationMs(text: string): number {
  if (NUMBER.test(text)) return believed(Number(text) * 1_000);
  if (text.length > 32 || !DURATION.test(text)) return -1;
  let ms = 0;
  for (const [, amount, unit = ''] of text.matchAll(PART)) {
    ms += Number(amount) * (UNIT_MS[unit] ?? 0);
  }
  return believed(ms);
}

/** Ms from `saidAt` (epoch ms of the answer, by the sender's clock) to a date; -1 = no date. */
export function untilDateMs(text: string, saidAt: number): number {
  if (!RFC_3339.test(text)) return -1;
  const at = Date.parse(text);
  return Number.isNaN(at) ? -1 : believed(Math.max(0, at - saidAt));
}

/** Ms from `saidAt` to a moment in seconds or ms since 1970, or in seconds from now; -1 = junk. */
export function untilNumberMs(text: string, saidAt: number): number {
  if (!NUMBER.test(text)) return -1;
  const number = Number(text);
  if (number < EPOCH_SECONDS_MIN) return believed(number * 1_000);
  const at = number >= EPOCH_MS_MIN ? number : number * 1_000;
  return believed(Math.max(0, at - saidAt));
}

function believed(ms: number): number {
  return Math.min(ms, BELIEVED_MS_MAX);
}
