/** Something that everyone reads and that is expensive to find out. */
export interface CacheSource<Value> {
  /** Names the value for all nodes: letters, digits, `-` and `:`. Nodes that use a name must mean the same by it. */
  name: string;
  /** Finds out the value. Should end soon once the signal is aborted. */
  load(signal: AbortSignal): Promise<Value>;
  /** Checks what another node stored, as parsed from JSON. Returns undefined if it cannot be used. */
  parse(stored: unknown): Value | undefined;
}

/** A value that is read from memory and renewed at most once a second, by one node for all. */
export interface CachedValue<Value> {
  /**
   * Returns a value that is about a second old at most, or the last one that is known if it cannot be renewed.
   * Throws what the load threw, or SERVICE_UNAVAILABLE, only if no value is known yet.
   */
  read(): Promise<Value>;
}

/** Keeps values that everyone reads, so that their cost does not grow with the number of readers or nodes. */
export interface Cache {
  /** Call it once for each name, and keep what it returns: two of one name would share nothing in memory. */
  value<Value>(source: CacheSource<Value>): CachedValue<Value>;
}
