import { type DestinationStream, type LoggerOptions, pino } from 'pino';

/** A structured log: one JSON line for each record. */
export type Log = pino.Logger;

export interface LogOptions {
  level: string;
  nodeId: string;
  destination: DestinationStream;
}

/**
 * Creates the log. Message contents and credentials are never passed to it, and fields that could hold them
 * by accident are removed.
 */
export function createLog({ level, nodeId, destination }: LogOptions): Log {
  const options: LoggerOptions = {
    level,
    base: { node: nodeId },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: [
        '*.password',
        '*.token',
        '*.authorization',
        'password',
        'token',
        'authorization',
        // Redis errors include the refused command, which may contain a message, a name or an address.
        'err.command',
        'err.aggregateErrors[*].command',
      ],
      remove: true,
    },
  };
  return pino(options, destination);
}

/**
 * Wraps a log call so that it runs at most once per `intervalMs`. Each run receives the number of calls that
 * were suppressed since the last one, and the arguments of the current call.
 */
export function throttled<Args extends unknown[]>(
  intervalMs: number,
  run: (suppressed: number, ...args: Args) => void,
): (...args: Args) => void {
  let last = Number.NEGATIVE_INFINITY;
  let suppressed = 0;
  return (...args) => {
    const now = performance.now();
    if (now - last < intervalMs) {
      suppressed += 1;
      return;
    }
    run(suppressed, ...args);
    last = now;
    suppressed = 0;
  };
}
