// Where the gateway writes what it has to say: JSON lines on standard output, written in batches.
// Process messages go through pino; the lines of calls come ready made and take the same road.

import { pino, stdTimeFunctions } from 'pino';
import type { Logger } from 'pino';
import type { LineWriter } from '../telemetry/access-log.ts';

/** What the gateway logs about itself with. */
export type ProcessLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** The log of one process. */
export interface LogOutput {
  readonly log: ProcessLog;
  readonly lines: LineWriter;
  /** Writes what still waits; for the end of the process. */
  flush(): void;
}

/** Bytes that are collected before they are written: about 90 calls, so that a write is no cost. */
const BATCH_BYTES = 64 * 1024;
/** Longest time a line waits for others, in ms. */
const BATCH_MS = 200;

/** Opens the log on a file descriptor (1 = standard output). */
export function openLog(level: string, fd: number = 1): LogOutput {
  const destination = pino.destination({
    fd,
    sync: false,
    minLength: BATCH_BYTES,
    periodicFlush: BATCH_MS,
  });
  const log = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return { log, lines: destination, flush: () => destination.flushSync() };
}

/** A log that says nothing. */
export const silentLog: ProcessLog = pino({ level: 'silent', enabled: false });
