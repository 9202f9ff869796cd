import { ConfigError } from '#config/config.js';

/** Explains in one sentence why the server cannot listen. Returns any other error unchanged. */
export function explainListenError(error: unknown, { port, host }: { port: number; host: string }): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new ConfigError(
        `PORT ${port} is already in use (EADDRINUSE): set PORT to a free port, or stop the process that uses it.`,
      );
    case 'EACCES':
      return new ConfigError(
        `PORT ${port} needs privileges that this user lacks (EACCES): set PORT to 1024 or higher.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ConfigError(
        `HOST ${host} is not an address of this machine: set HOST to one that is, or to 0.0.0.0.`,
      );
    default:
      return error;
  }
}
