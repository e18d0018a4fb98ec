// How use is estimated before it is known, and what a refused caller is told. The quotas themselves
// come from the configuration, per key and tenant.

/** Rules of the layer; per route. */
export interface RateLimitOptions {
  /** Any key or tenant has a quota at all. Without one the layer is not there. */
  readonly hasQuotas: boolean;
  /** Bytes of a request that are taken for one token of its prompt. */
  readonly bytesPerToken: number;
  /** Tokens reserved for an answer whose request names no maximum, or none that was found. */
  readonly answerTokensDefault: number;
  /** The highest maximum that is believed. */
  readonly answerTokensMax: number;
  /** Request bytes that are searched for the maximum; in longer bodies it is not looked for. */
  readonly searchedBytesMax: number;
  /** Told to a caller whose calls all still run: when one ends is not known, in ms. */
  readonly slotWaitMs: number;
  /** Callers are told not to repeat by themselves when they would have to wait longer, in ms. */
  readonly callerWaitMsMax: number;
}

/** Defaults, each with its reason. */
export const defaultRateLimitOptions: RateLimitOptions = Object.freeze({
  hasQuotas: true,
  // The usual rule of thumb for English and code; JSON around it makes up for denser languages.
  bytesPerToken: 4,
  // A page of text. Too high would refuse calls that fit, too low is corrected by settling.
  answerTokensDefault: 1_024,
  // No model writes more in one answer; a typing error must not empty a budget for a day.
  answerTokensMax: 1_000_000,
  // About a hundred thousand tokens: beyond it the prompt outweighs any answer.
  searchedBytesMax: 512 * 1024,
  // Short calls end within it, and for long ones it is a modest rate of asking.
  slotWaitMs: 1_000,
  // The OpenAI SDK ignores longer waits and asks again after its own short pause.
  callerWaitMsMax: 60_000,
});
