/**
 * What a node shares with the other nodes of a server with several workers, which are processes on the same port. A server
 * of one process has none of this.
 */

/** Counts the long-lived connections of each network address. */
export interface AddressCount {
  /**
   * Counts one more connection. Returns what ends it, which is safe to call twice; or why it is not counted. Never throws
   * or rejects.
   */
  take(address: string): Counted | Promise<Counted>;
}

/** `full`: the address has as many as it may have. `unknown`: nobody could say how many it has. */
export type Counted = (() => void) | 'full' | 'unknown';

/** What the connections of one process have not read, by network address. */
export interface UnreadBacklogs {
  /** The addresses that have left at least so many bytes unread, with their bytes. */
  atLeast(bytes: number): [address: string, bytes: number][];
  /** Closes connections of an address, first those with most, until it has at most so many bytes unread. */
  relieve(address: string, bytes: number): void;
}

/** The processes of one machine, as one of them sees them. */
export interface Machine {
  /** Counts over all processes. Undefined if addresses may have any number of connections. */
  readonly connections: AddressCount | undefined;
  /** Limits what an address leaves unread over all processes, from now on. */
  watchUnread(backlogs: UnreadBacklogs): void;
  /** Passes on the metrics of this process whenever one of the processes is asked for those of all. */
  offerMetrics(text: () => Promise<string>): void;
  /** The metrics of all processes, in the text format of Prometheus. Rejects if it takes too long. */
  metrics(): Promise<string>;
}
