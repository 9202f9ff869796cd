import { setTimeout as sleep } from 'node:timers/promises';
import { ClientViewer } from './client-viewer.js';
import { type Counts, Ledger } from './ledger.js';
import { randomFrom } from './random.js';
import type { MessageSender } from './sender.js';
import type { Site } from './site.js';

export interface ChurnOptions {
  /** Clients that use plain graphql-ws. A fifth as many use streamly-chat-client in addition. */
  clients: number;
  messages: number;
  /** Messages per second, if the machine can keep up. */
  perSecond: number;
  /** How often all pub/sub connections are killed, in milliseconds. */
  killEveryMs: number;
  /** Each client drops its connection after about this many messages. */
  dropEvery: number;
  seed: number;
}

export interface ChurnVerdict {
  viewers: number;
  counts: Counts;
  /** How often a client learned of a gap. */
  gaps: number;
  drops: number;
  kills: number;
}

/** How far a client may fall behind before the senders pause. Must be well within the kept history. */
const MOST_BEHIND = 2_000;

/** How often to read the list, so that no message is trimmed unread. */
const AUDIT_MS = 1_000;

/** Checks that nothing is lost while clients keep dropping and Redis' pub/sub connections are killed. */
export async function churnCheck(site: Site, options: ChurnOptions): Promise<ChurnVerdict> {
  const { clients, messages, perSecond, killEveryMs, dropEvery, seed } = options;
  const random = randomFrom(seed);
  const roomId = 'churn';
  let drops = 0;
  const received = new Map<unknown, number>();
  const onMessage = (viewer: { drop(): void }) => {
    received.set(viewer, (received.get(viewer) ?? 0) + 1);
    if (random() > 1 / dropEvery) return;
    drops += 1;
    viewer.drop();
  };
  for (let n = 0; n < clients; n += 1) site.viewer(roomId, { onMessage });
  for (let n = 0; n < clients / 5; n += 1) {
    let turn = n;
    site.add(new ClientViewer(`client ${n}`, roomId, () => site.node(turn++), onMessage));
  }

  const ledger = new Ledger();
  const over = new AbortController();
  let kills = 0;
  const killing = every(killEveryMs, over.signal, async () => {
    kills += Number(await site.redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub'));
  });
  const auditing = every(AUDIT_MS, over.signal, () => site.audit(roomId, ledger));
  const senders: MessageSender[] = [];
  // On a busy machine this process may fall behind, which is not the nodes' fault.
  const isPaused = () => {
    const sent = senders.reduce((sum, { total }) => sum + total, 0);
    return sent - Math.min(...received.values()) > MOST_BEHIND;
  };
  for (let n = 0; n < 4; n += 1) senders.push(site.sender(roomId, { isPaused }));
  await Promise.all(
    senders.map((sender) => sender.send(messages / senders.length, perSecond / senders.length)),
  );
  over.abort();
  await Promise.all([killing, auditing]);
  const counts = await site.count(roomId, ledger);
  return { viewers: site.viewers.length, counts, gaps: ledger.gaps, drops, kills };
}

async function every(ms: number, over: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!over.aborted) {
    await sleep(ms, undefined, { signal: over }).catch(() => undefined);
    await act();
  }
}
