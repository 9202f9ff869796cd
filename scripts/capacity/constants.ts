/**
 * What things cost, as measured. All times are CPU time, so they hold on a busy machine too. The machine has two cores of
 * an Intel Xeon, Linux 6.18, Node 20.20, Redis 7.0.15. Faster cores need proportionally less.
 *
 *   bench     bench/README.md and bench/results.json, by `npm run bench`, on 2026-11-26
 *   measure   `npm run capacity:measure`: messages of 50 characters with a nonce, the append-only file on, SPUBLISH
 *             and a limit on the sender's messages. Runs differ by up to a fifth: each figure is the highest of three
 */
export const MEASURED = {
  /** The length of the messages that the figures in bytes were measured with, in characters. */
  contentLength: 50,

  node: {
    /** µs to write to one socket, however many messages the write carries. bench, paced: 10.7, less the next figure. */
    write: 10.3,
    /** µs for each message in a write. bench, burst: 2,460,000 deliveries a CPU second. */
    delivery: 0.41,
    /** µs for a message that arrives at a worker, for one or for all of its viewers. measure: 207 to 235, less one write. */
    arrival: 225,
    /** µs for `sendMessage` over HTTP. bench, sends: 2,330 a CPU second. */
    send: 429,
    /** µs for a viewer that connects, subscribes and reads what it missed. bench, comeback: 204 to 240. */
    join: 240,
    /** µs a second for an open room in which nothing happens, with HEAD_CHECK_MS=3000. measure: 12.6 to 16.4. */
    idleRoom: 16.4,
    /** Bytes of a worker without viewers. bench, idle. */
    base: 131_000_000,
    /** Bytes of a viewer, before garbage collection. bench, idle: 4,144 after it. */
    viewer: 7_734,
    /** Bytes of an open room. measure: resident memory, 7,400 to 8,400. */
    room: 8_400,
    /** Bytes of a message that an open room holds, rendered for one selection. measure: 1,340 to 1,490. */
    heldMessage: 1_490,
    /** Bytes of a delivery on the wire, above TCP, without TLS. measure: id, room, author, content and time. */
    deliveryBytes: 278,
  },

  redis: {
    /** µs to store a message with all limits checked. measure: 40 to 67, and 81 to 107 if each is sent alone. */
    append: 67,
    /** µs to publish it to one worker. measure: 4.4 to 5.4 if each is sent alone, 0.4 if 100 are sent together. */
    publish: 5.4,
    /** µs a second for each worker that has a room open, with HEAD_CHECK_MS=3000. measure: 2.7 to 3.3. */
    idleRoom: 3.25,
    /** µs for a viewer who joins and leaves, with a session and a limit on connections. measure: 26 to 28. */
    join: 28,
    /** µs to look at one viewer while dead nodes are searched for, every `sweepSeconds` over all nodes. measure. */
    sweep: 0.62,
    sweepSeconds: 15,
    /** µs for each viewer and each worker, once after an outage: every worker looks for its own viewers. measure. */
    reconcile: 0.63,
    /** Bytes of an empty server. */
    base: 2_000_000,
    /** Bytes of a room by the number of its messages, with all of its keys. measure. */
    room: [
      [1, 981],
      [100, 24_400],
      [10_000, 1_850_000],
    ],
    /** Bytes of a nonce, and how long it is kept in seconds. measure. */
    nonce: 472,
    nonceSeconds: 300,
    /** Bytes of a viewer in `connections:ROOM`. measure: 80 in a room of 100,000, 101 in a room of ten. */
    viewer: 101,
    /** Bytes of a session. measure. */
    session: 266,
    /** Bytes of a room's channel for each worker that subscribes to it. measure: 162 to 226. */
    subscription: 226,
  },

  /** HEAD_CHECK_MS when the idle rooms were measured. */
  headCheckMs: 3_000,
  /** CONNECTIONS_LIMIT, of one worker. */
  connections: 100_000,

  /**
   * Seconds that the rooms of a shard wait beyond cluster-node-timeout until its replica has taken over, after a kill and
   * after a hang. test/faults/cluster-primary-lost.test.ts, with cluster-node-timeout 1500.
   */
  failoverSeconds: { killed: 1.4, hung: 2.7 },
} as const;
