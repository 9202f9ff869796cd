import { pino } from 'pino';

/** A structured log that writes JSON lines to standard output. */
export type Log = pino.Logger;

/**
 * Creates the log of a node. Callers never log message contents or credentials. As a second line of defence,
 * fields that could contain them are removed.
 */
export function createLog(level: string, nodeId: string): Log {
  return pino({
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
        // The failed command in an error of ioredis, whose arguments may be a message, a name or an address.
        'err.command',
        'err.aggregateErrors[*].command',
      ],
      remove: true,
    },
  });
}

/**
 * Wraps a log call so that it runs at most once per `intervalMs`. Each run receives the number of calls that
 * were suppressed since the last one.
 */
export function throttled(intervalMs: number, run: (suppressed: number) => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  let suppressed = 0;
  return () => {
    const now = performance.now();
    if (now - last < intervalMs) {
      suppressed += 1;
      return;
    }
    run(suppressed);
    last = now;
    suppressed = 0;
  };
}
