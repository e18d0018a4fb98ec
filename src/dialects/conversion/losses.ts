// What a conversion has lost, for the caller and for a metric.

import type { ConvertedRequest } from '../../core/conversion.ts';

/**
 * `unread`: what a decoder did not hold, in names that callers may have invented. `unsaid`: what an
 * encoder could not say, in names of a closed list.
 */
export function losses(
  unread: readonly string[],
  unsaid: readonly string[],
): Pick<ConvertedRequest, 'counted' | 'dropped'> {
  return {
    dropped: [...new Set([...unread, ...unsaid])],
    counted: unread.length > 0 ? ['field', ...unsaid] : unsaid,
  };
}
