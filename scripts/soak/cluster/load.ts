import { ClientViewer } from '../../../test/support/client-viewer.js';
import type { Cluster, Shard } from '../../../test/support/cluster.js';
import { EventStreamViewer } from '../../../test/support/event-stream-viewer.js';
import { RoomLoad } from '../../../test/support/room-load.js';
import type { Site } from '../../../test/support/site.js';

const ROOMS_PER_SHARD = 20;

/** Messages per second in each room. */
const PER_SECOND = 2;

/** Sixty rooms, each with a sender that retries, and viewers that resume over WebSocket and server-sent events. */
export class Load extends RoomLoad {
  /** The number of viewers in each room: plain graphql-ws, streamly-chat-client, and an event stream. */
  static readonly VIEWERS = 3;

  private constructor(
    site: Site,
    roomIds: readonly string[],
    private readonly cluster: Cluster,
  ) {
    super(site, roomIds, { perSecond: PER_SECOND });
    for (const [index, roomId] of roomIds.entries()) {
      let turn = index;
      const server = () => site.node(turn++);
      site.add(new ClientViewer(`client of ${roomId}`, roomId, server));
      site.add(new EventStreamViewer(`event stream of ${roomId}`, roomId, server));
    }
  }

  static async create(site: Site, cluster: Cluster): Promise<Load> {
    const shards = await cluster.shards();
    const roomIds = shards.flatMap((shard) => cluster.roomsOn(shard, ROOMS_PER_SHARD));
    return new Load(site, roomIds, cluster);
  }

  /** The rooms that are on this shard. */
  roomsOn(shard: Shard): string[] {
    return this.roomIds.filter((roomId) => this.cluster.isOn(shard, roomId));
  }
}
