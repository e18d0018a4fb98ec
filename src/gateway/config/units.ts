// Durations and sizes as people write them, with their unit. A bare number is refused, because
// "30" has meant seconds to one reader and milliseconds to the next.
// Invariant: `formatDuration(parseDuration(text))` parses to the same number again; so for sizes.

/** Why a text is not a value of its kind; a sentence that says what to write instead. */
export class UnitFault {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

const MS_BY_UNIT: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

const BYTES_BY_UNIT: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['KiB', 1_024],
  ['MiB', 1_048_576],
  ['GiB', 1_073_741_824],
]);

const NUMBER_AND_UNIT = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/;

/** Milliseconds of `30s`, `1.5m`, `250ms` or `2h`. */
export function parseDuration(text: string): number | UnitFault {
  return parse(text, MS_BY_UNIT, '"30s"', 'ms, s, m or h');
}

/** Bytes of `64KiB`, `8MiB`, `1GiB` or `512B`. */
export function parseSize(text: string): number | UnitFault {
  const bytes = parse(text, BYTES_BY_UNIT, '"64KiB"', 'B, KiB, MiB or GiB');
  if (bytes instanceof UnitFault || Number.isInteger(bytes)) return bytes;
  return new UnitFault('is not a whole number of bytes');
}

/** A share of `50%` or `12.5%`. */
export function parsePercent(text: string): number | UnitFault {
  const found = /^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(text.trim());
  const percent = Number(found?.[1]);
  if (found !== null && percent <= 100) return percent / 100;
  return new UnitFault('is not a percentage; write for example "50%"');
}

/** A share as it is written. */
export function formatPercent(share: number): string {
  return `${Math.round(share * 1e4) / 100}%`;
}

/** The shortest exact way to write a duration. */
export function formatDuration(ms: number): string {
  return ms === Number.POSITIVE_INFINITY ? 'none' : format(ms, MS_BY_UNIT, 'ms');
}

/** The shortest exact way to write a size. */
export function formatSize(bytes: number): string {
  return format(bytes, BYTES_BY_UNIT, 'B');
}

function parse(
  text: string,
  units: ReadonlyMap<string, number>,
  example: string,
  names: string,
): number | UnitFault {
  const found = NUMBER_AND_UNIT.exec(text.trim());
  const advice = `write for example ${example}`;
  if (found === null) return new UnitFault(`is not a number with a unit; ${advice}`);
  const [, digits = '', unit = ''] = found;
  if (unit === '') return new UnitFault(`has no unit; write for example ${suggest(digits, units)}`);
  const factor = units.get(unit);
  if (factor !== undefined) return Number(digits) * factor;
  return new UnitFault(`has the unknown unit "${unit}"; use ${names}`);
}

function suggest(digits: string, units: ReadonlyMap<string, number>): string {
  return `"${digits}${units === MS_BY_UNIT ? 's' : 'KiB'}"`;
}

function format(value: number, units: ReadonlyMap<string, number>, smallest: string): string {
  let text = `${value}${smallest}`;
  // Up the scale while the number stays whole: 90000 ms is 90s, not 1.5m.
  for (const [unit, factor] of units) {
    if (value !== 0 && value % factor === 0) text = `${value / factor}${unit}`;
  }
  return text;
}
