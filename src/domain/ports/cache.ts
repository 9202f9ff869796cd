/** The source of a value that everyone reads and that is expensive to load. */
export interface CacheSource<Value> {
  /** Names the value on all nodes: letters, digits, `-` and `:`. A name must mean the same on every node. */
  name: string;
  /** Loads the value. Should end soon after the signal is aborted. */
  load(signal: AbortSignal): Promise<Value>;
  /** Checks a value that another node stored, as parsed from JSON. Returns undefined if it is not usable. */
  parse(stored: unknown): Value | undefined;
}

/** A value that is read from memory. One node renews it for all nodes, at most once a second. */
export interface CachedValue<Value> {
  /**
   * Returns a value that is at most about a second old, or the last known one if it cannot be renewed. Throws
   * only if no value is known yet: the error of the load, or SERVICE_UNAVAILABLE.
   */
  read(): Promise<Value>;
}

/**
 * Shares values that everyone reads, so that their cost does not grow with the number of readers or nodes.
 */
export interface Cache {
  /** Call this once per name and keep the result. Two results with one name share nothing in memory. */
  value<Value>(source: CacheSource<Value>): CachedValue<Value>;
}
