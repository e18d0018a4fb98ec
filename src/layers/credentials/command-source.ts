// Fetches tokens from a helper program: what it prints is the token, or JSON that holds it with its
// end, in the spellings of common helpers (OAuth, kubectl's ExecCredential, cloud tools).
// What it says on standard error is not kept: such programs print secrets when they fail.

import type { Clock } from '../../core/clock.ts';
import type { CommandSettings } from './credential-settings.ts';
import { lifetimeOf } from './token-answer.ts';
import { fetchFailure, isSendable, UNSENDABLE } from './token-source.ts';
import type { FetchResult, TokenSource } from './token-source.ts';

/** How a program ended. */
export interface CommandOutcome {
  /** Exit code; `undefined` = it could not be started, or was ended by a signal. */
  readonly code: number | undefined;
  /** It was ended because its time was over. */
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderrBytes: number;
}

/** Runs a program without a shell and ends it after `timeoutMs`. Bounds what it prints. */
export type CommandRunner = (argv: readonly string[], timeoutMs: number) => Promise<CommandOutcome>;

/** One helper program. */
export class CommandSource implements TokenSource {
  readonly skewMs = 0;
  readonly rotates = false;
  readonly #clock: Clock;
  readonly #run: CommandRunner;
  readonly #settings: CommandSettings;

  constructor(clock: Clock, run: CommandRunner, settings: CommandSettings) {
    this.#clock = clock;
    this.#run = run;
    this.#settings = settings;
  }

  adopt(): void {}

  async fetch(): Promise<FetchResult> {
    const { argv, timeoutMs } = this.#settings;
    let outcome: CommandOutcome;
    try {
      outcome = await this.#run(argv, timeoutMs);
    } catch {
      return fetchFailure('command', 'The credential helper could not be run.');
    }
    const { code, timedOut, stdout, stderrBytes } = outcome;
    if (timedOut) {
      return fetchFailure('command', `The credential helper took longer than ${timeoutMs} ms.`);
    }
    if (code !== 0) {
      const how = code === undefined ? 'did not run to its end' : `ended with code ${code}`;
      const said = stderrBytes === 0 ? '' : ` and ${stderrBytes} bytes on standard error`;
      return fetchFailure('command', `The credential helper ${how}${said}.`);
    }
    return printedToken(stdout, this.#clock.wallNow());
  }
}

/** Reads what a helper has printed. Pure. */
export function printedToken(stdout: string, wallNow: number): FetchResult {
  const text = stdout.trim();
  const fields = text.startsWith('{') ? jsonFields(text) : { token: text };
  if (fields === undefined) {
    return fetchFailure('bad-answer', 'The credential helper printed JSON that cannot be read.');
  }
  if (text === '') return fetchFailure('bad-answer', 'The credential helper printed nothing.');
  const token = fields['token'] ?? fields['access_token'] ?? fields['accessToken'];
  if (typeof token !== 'string') {
    const words = 'The credential helper printed JSON without a token in it.';
    return fetchFailure('bad-answer', words);
  }
  if (!isSendable(token)) {
    return fetchFailure('bad-answer', `The credential helper printed ${UNSENDABLE}.`);
  }
  const leftMs = endOf(fields, wallNow) - wallNow;
  const lifetimeMs =
    leftMs > 0 ? leftMs : lifetimeOf(fields['expires_in'] ?? fields['expiresIn'], token, wallNow);
  return { ok: true, text: token, lifetimeMs };
}

const END_FIELDS = ['expiry', 'expires_at', 'expiresAt', 'expirationTimestamp', 'expiration'];

/** The end as an instant, in epoch ms: a date, or a number of seconds or ms. 0 = not said. */
function endOf(fields: Readonly<Record<string, unknown>>, wallNow: number): number {
  for (const name of END_FIELDS) {
    const value = fields[name];
    const end = typeof value === 'string' ? Date.parse(value) : Number(value);
    // Seconds are told from milliseconds by their size.
    if (end > 0) return end < wallNow / 100 ? end * 1000 : end;
  }
  return 0;
}

function jsonFields(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const status = value['status'];
    // kubectl's ExecCredential keeps it one level down.
    return typeof status === 'object' && status !== null
      ? (status as Record<string, unknown>)
      : value;
  } catch {
    return undefined;
  }
}
