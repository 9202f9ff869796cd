import { ConfigError } from '../config.js';

/** Reads a file that the configuration names; what it throws is the configuration's fault: a ConfigError. */
export function orConfigError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}
