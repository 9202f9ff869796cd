import type { EventLog } from '#domain/ports/event-log.js';
import type { Feed } from '#domain/ports/feed.js';
import type { Presence } from '#domain/ports/presence.js';
import type { SelectionLimits } from '#fanout/projection/selection-limit.js';
import type { DeliveryRates } from './meter.js';
import type { FanoutHooks } from './room.js';

/** Settings and dependencies of a hub. */
export interface HubOptions {
  eventLog: Pick<EventLog, 'page' | 'messages' | 'heads'>;
  feed: Feed;
  presence: Presence;
  /** Maximum entries in each room's log. */
  logCapacity: number;
  /** Entries to read from the store at once. */
  pageSize: number;
  /** Milliseconds that the store keeps an entry. */
  ttlMs: number;
  /** Milliseconds between two comparisons of the rooms' heads with the store. */
  headCheckMs: number;
  /** Bytes of rendered messages that all rooms may cache. Each selection may exceed it by a small amount. */
  frameBytes: number;
  /** Distinct selections that one client, or one room, may have at once. */
  selections: SelectionLimits;
  hooks: FanoutHooks;
  /** A monotonic clock in milliseconds. Defaults to `performance.now`. */
  elapsed?: () => number;
}

/** The current load of a node. */
export interface NodeStats extends DeliveryRates {
  /** Open subscriptions to rooms. */
  subscriptions: number;
  /** Rooms with subscriptions. */
  rooms: number;
}
