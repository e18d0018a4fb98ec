// Where the gateway writes what it has to say: JSON lines on standard output, written in batches.
// Process messages go through pino; the lines of calls come ready made and take the same road.
// Invariant: lines come out in the order in which they went in, also at the end.

import { pino, stdTimeFunctions } from 'pino';
import type { Logger } from 'pino';
import { systemClock } from '../core/clock.ts';
import type { LineWriter } from '../telemetry/access-log.ts';
import type { BatchWriter } from '../telemetry/line-batch.ts';
import { LineBatch } from '../telemetry/line-batch.ts';

/** What the gateway logs about itself with. */
export type ProcessLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** The log of one process. */
export interface LogOutput {
  readonly log: ProcessLog;
  readonly lines: LineWriter;
  /** Writes what still waits, then takes no more; for the end of the process. */
  end(): Promise<void>;
}

/** What may wait for a reader that does not keep up; beyond it lines are dropped. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024;

/** Opens the log on a file descriptor (1 = standard output). */
export function openLog(level: string, fd: number = 1): LogOutput {
  const destination = pino.destination({
    fd,
    sync: false,
    contentMode: 'buffer',
    maxLength: WAITING_BYTES_MAX,
  });
  // In buffer mode it takes buffers, though its type says text.
  const lines = new LineBatch(destination as unknown as BatchWriter, systemClock);
  const log = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // Through the batch as well, or a message would overtake calls that ended before it.
    { write: (line) => lines.write(line) },
  );
  const end = (): Promise<void> => {
    lines.flush();
    // Not flushSync: it overtakes a write that is under way.
    return new Promise((resolve) => {
      destination.once('close', () => resolve());
      destination.once('error', () => resolve());
      destination.end();
    });
  };
  return { log, lines, end };
}

/** A log that says nothing. */
export const silentLog: ProcessLog = pino({ level: 'silent', enabled: false });
