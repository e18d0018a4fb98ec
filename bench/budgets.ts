// The budgets of DESIGN.md section 12, held against what was measured of Holdfast.

import type { Outcome } from './summary.ts';
import { scriptPeers } from './targets/catalogue.ts';

/** One budget and how it came out. */
export interface Verdict {
  readonly what: string;
  readonly limit: string;
  /** `undefined` = not measured in this run. */
  readonly measured: string | undefined;
  readonly met: boolean;
}

const subject = 'holdfast';

const ratioLimits: readonly (readonly [scenario: string, limit: number, what: string])[] = [
  ['unary', 1.3, 'CPU of a unary call'],
  ['events-full', 1.0, 'CPU of an event at full speed'],
  ['events-20ms', 1.3, 'CPU of an event at 20 ms spacing'],
  ['body-64k', 1.6, 'CPU of a call with a 64 KB body'],
];

const residentLimitKiB = 10;
const addedFirstByteLimitUs = 1000;
const peerFactor = 3;

function verdict(what: string, limit: string, shown: string, value: number, met: boolean): Verdict {
  const measured = Number.isFinite(value) ? shown : undefined;
  return { what, limit, measured, met: measured !== undefined && met };
}

/** A figure of one target in one load scenario; NaN when it was not measured. */
function figure(
  outcomes: readonly Outcome[],
  scenario: string,
  target: string,
  name: 'ratio' | 'cpuPerUnit' | 'addedP99',
): number {
  for (const outcome of outcomes) {
    if (!('rows' in outcome) || outcome.scenario.name !== scenario) continue;
    const row = outcome.rows.find((each) => each.target === target);
    // A run with failed calls proves nothing.
    if (row !== undefined && row.errors === 0) return row[name];
  }
  return Number.NaN;
}

function residentPerStream(outcomes: readonly Outcome[]): number {
  for (const outcome of outcomes) {
    if (!('idle' in outcome) || outcome.scenario.name !== 'idle-5k') continue;
    const result = outcome.idle.get(subject);
    if (result?.opened === true && result.errors === 0) return result.rssPerStream;
  }
  return Number.NaN;
}

/** Every budget, met, missed or not measured. */
export function judge(outcomes: readonly Outcome[]): readonly Verdict[] {
  const verdicts = ratioLimits.map(([scenario, limit, what]) => {
    const ratio = figure(outcomes, scenario, subject, 'ratio');
    return verdict(what, `<= ${limit} x nginx`, `${ratio.toFixed(2)} x`, ratio, ratio <= limit);
  });
  const resident = residentPerStream(outcomes);
  verdicts.push(
    verdict(
      'resident memory of an idle stream at 5,000',
      `<= ${residentLimitKiB} KB`,
      `${resident.toFixed(1)} KB`,
      resident,
      resident <= residentLimitKiB,
    ),
  );
  const added = figure(outcomes, 'first-byte', subject, 'addedP99');
  verdicts.push(
    verdict(
      'added time to the first event, p99, at half load',
      `<= ${addedFirstByteLimitUs} us`,
      `${added.toFixed(0)} us`,
      added,
      added <= addedFirstByteLimitUs,
    ),
  );
  const own = figure(outcomes, 'unary', subject, 'cpuPerUnit');
  const peers = scriptPeers
    .map((name) => figure(outcomes, 'unary', name, 'cpuPerUnit') / own)
    .filter((factor) => Number.isFinite(factor));
  const least = peers.length === 0 ? Number.NaN : Math.min(...peers);
  verdicts.push(
    verdict(
      'CPU of a unary call of the best JavaScript peer',
      `>= ${peerFactor} x holdfast`,
      `${least.toFixed(1)} x`,
      least,
      least >= peerFactor,
    ),
  );
  return verdicts;
}
