// What a person should hear of an upstream that fills up. Small limits are reached again and again
// in good health, so the warnings come at a pace; the gauges show every moment.

import type { AdmissionObserver } from '../layers/admission/admission-observer.ts';
import { NEAR_SHARE } from '../layers/admission/options.ts';
import { formatPercent } from './config/units.ts';
import type { LogPace, PacedLog } from './paced-log.ts';

/** A crowd that comes and goes is worth a line a minute at first, and one an hour in the end. */
export const admissionPace: LogPace = { quietMs: 60_000, quietMsMax: 3_600_000 };

const SOFT = 'the soft limit is reached: calls that have another upstream go there';
const NEAR = `${formatPercent(NEAR_SHARE)} of the limit are in use; see gw_limit_headroom_ratio`;

/** Passes everything on, and warns of limits that are nearly reached. */
export function admissionWatch(
  observer: AdmissionObserver,
  log: Pick<PacedLog, 'warn'>,
): AdmissionObserver {
  return {
    ...observer,
    softLimit(upstream, occupied, soft) {
      observer.softLimit(upstream, occupied, soft);
      log.warn({ about: upstream, rank: 1, facts: { upstream, occupied, soft }, text: SOFT });
    },
    nearLimit(upstream, occupied, limit) {
      observer.nearLimit(upstream, occupied, limit);
      log.warn({ about: upstream, rank: 2, facts: { upstream, occupied, limit }, text: NEAR });
    },
  };
}
