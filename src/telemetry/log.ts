import { pino } from 'pino';

/** A structured log, one JSON line each, to standard output. */
export type Log = pino.Logger;

/** Message contents and credentials are never handed to it; what may hold them by accident is left out. */
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
        // What Redis was asked to do, in the error that it refused it with: a message, a name, an address.
        'err.command',
        'err.aggregateErrors[*].command',
      ],
      remove: true,
    },
  });
}

/** Says a thing once in a while where it would be said a thousand times a second. */
export function throttled(intervalMs: number, say: (suppressed: number) => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  let suppressed = 0;
  return () => {
    const now = performance.now();
    if (now - last < intervalMs) {
      suppressed += 1;
      return;
    }
    say(suppressed);
    last = now;
    suppressed = 0;
  };
}
