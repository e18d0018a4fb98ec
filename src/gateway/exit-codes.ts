// How every command of the program ends.

/** 0 = done, 1 = failed, 2 = used or configured wrongly. */
export const exitCodes = { ok: 0, failure: 1, usage: 2 } as const;
