/**
 * What a worker and the primary process tell each other, over the channel of node:cluster.
 *
 *   worker                          primary
 *     ready {port}           →        the worker accepts connections
 *     failed {sentence}      →        it cannot, because of a setting, and exits
 *
 *     take {id, address}     →        counts a connection of an address, if it may have one more
 *                            ←      taken {id, address, admitted}
 *     give {address}         →        the connection has ended
 *
 *     unread {backlogs}      →        what addresses have left unread on this worker, if it is much
 *                            ←      relieve {address, bytes}: close connections until only so much is left
 *
 *     scrape {id}            →        someone asks for the metrics of all workers
 *                            ←      measure {id}, to each worker
 *     measured {id, text}    →
 *                            ←      scraped {id, text}
 *
 *                            ←      ping, every few seconds
 *     pong                   →        the worker is not stuck
 *
 * Signals are not messages: the primary process forwards SIGINT and SIGTERM as they are.
 */

/** What a worker says. */
export type FromWorker =
  | { type: 'ready'; port: number }
  | { type: 'failed'; sentence: string }
  | { type: 'take'; id: number; address: string }
  | { type: 'give'; address: string }
  | { type: 'unread'; backlogs: [address: string, bytes: number][] }
  | { type: 'scrape'; id: number }
  | { type: 'measured'; id: number; text: string }
  | { type: 'pong' };

/** What the primary process says. */
export type FromPrimary =
  | { type: 'taken'; id: number; address: string; admitted: boolean }
  | { type: 'relieve'; address: string; bytes: number }
  | { type: 'measure'; id: number }
  | { type: 'scraped'; id: number; text: string }
  | { type: 'ping' };

/** The worker's end of the channel. */
export interface Channel {
  /** Does nothing if the primary process has ended. */
  send(message: FromWorker): void;
  listen(listener: (message: FromPrimary) => void): void;
}
