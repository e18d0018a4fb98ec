// Why a listener could not be had, in words that say which option to change.

import { formatAddress } from './config/values.ts';
import type { Address } from './config/values.ts';

/** A start that failed for a reason the user can mend. Its message is made to be shown. */
export class StartFault extends Error {
  override readonly name = 'StartFault';
  /** Every line to show. */
  readonly lines: readonly string[];
  /** The configuration is at fault, not the machine. */
  readonly usage: boolean;

  constructor(lines: readonly string[], usage: boolean) {
    super(lines.join('\n'));
    this.lines = lines;
    this.usage = usage;
  }
}

/** Words a failed `listen` for the option or flag that chose the address. */
export function listenFault(
  option: 'listen' | 'admin' | 'port' | 'servicenow-port',
  at: Address,
  fault: unknown,
): StartFault {
  const code = fault instanceof Error && 'code' in fault ? String(fault.code) : String(fault);
  const isPort = option.endsWith('port');
  const other = isPort ? '0' : formatAddress({ ...at, port: 0 });
  const file = isPort ? '' : `, or \`${option}:\` in the file`;
  const change = `choose another with --${option} ${other} (any free port)${file}`;
  return new StartFault([`${formatAddress(at)} ${reason(code)}; ${change}`], false);
}

function reason(code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'is in use, perhaps by another Holdfast';
    case 'EACCES':
      return 'needs rights this user does not have (ports below 1024 do)';
    case 'EADDRNOTAVAIL':
      return 'is not an address of this machine';
    case 'ENOTFOUND':
      return 'names a host that is not known';
    default:
      return `cannot be listened on (${code})`;
  }
}
