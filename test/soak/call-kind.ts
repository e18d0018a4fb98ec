// What one kind of call of a soak is.

import type { FreshValues } from './fresh-values.ts';
import type { Heard, HttpCaller } from './http-caller.ts';

/** What a kind is given. */
export interface CallTools {
  readonly caller: HttpCaller;
  readonly values: FreshValues;
}

/** One kind of call. */
export interface CallKind {
  readonly name: string;
  /** How often it comes, against the others. */
  readonly weight: number;
  /** Makes one; answers what was not as planned, `undefined` when all was. Never rejects. */
  readonly run: (tools: CallTools) => Promise<string | undefined>;
}

/** A part of an answer, short enough for a report. */
export function told({ code, end, reason, status, text }: Heard): string {
  const words = [code, reason].filter((word) => word !== '').join(' ');
  return `${end}, status ${status}${words === '' ? '' : ` ${words}`}, ${shortened(text)}`;
}

function shortened(text: string): string {
  const most = 160;
  return JSON.stringify(
    text.length > most ? `${text.slice(0, most / 2)}...${text.slice(-most / 2)}` : text,
  );
}
