// Whether tests that need dropped packets may be left out. Where a machine cannot drop any they are
// skipped with the name of what is missing; where HOLDFAST_DROPS_PACKETS is `required`, as it is in
// CI, the whole file fails instead, so that such tests cannot vanish unnoticed.

import { env } from 'node:process';
import { packetFilterLack } from './packet-filter.ts';

/** The `skip` of such tests: `false`, or what is missing. Throws where none may be skipped. */
export function skipUnlessPacketsDrop(
  lack: string = packetFilterLack(),
  isRequired: boolean = env['HOLDFAST_DROPS_PACKETS'] === 'required',
): string | false {
  if (lack === '') return false;
  const sentence = `packets can be dropped only with ${lack}`;
  if (isRequired) throw new Error(`HOLDFAST_DROPS_PACKETS is required, but ${sentence}`);
  return sentence;
}
