import { useQuery } from '@apollo/client/react';
import { Rooms } from '../documents.js';
import type { RoomsQuery } from '../generated/graphql.js';
import { Link } from '../Link.js';
import { SANDBOX } from '../settings.js';
import { OpenRoom } from './OpenRoom.js';
import { RoomLine } from './RoomLine.js';

/** How often rooms that are new are looked for, in milliseconds. Those that are known are followed live. */
const POLL_MS = 15_000;

/** Rooms that are shown and followed: a connection may hold a hundred subscriptions. */
const SHOWN = 30;

/** The rooms with their live counts, and ways to the rest of the server. */
export function RoomList({ current }: { current: string | undefined }) {
  const { data, error } = useQuery(Rooms, { pollInterval: POLL_MS });
  return (
    <div className="rooms">
      <p className="brand">
        <img src={new URL('../icon.svg', import.meta.url).href} alt="" width="26" height="26" />
        Streamly Chat
      </p>
      <nav aria-label="Rooms">
        <ul>
          {withCurrent(data?.activeRooms ?? [], current).map((room) => (
            <RoomLine key={room.id} room={room} isCurrent={room.id === current} />
          ))}
        </ul>
      </nav>
      {error && !data && <p className="hint">The rooms cannot be read at the moment.</p>}
      <OpenRoom />
      <footer>
        <Link href="/stats" aria-current={current === undefined ? 'page' : undefined}>
          Live load
        </Link>
        <a href="/graphql">GraphiQL</a>
        <a href={SANDBOX} rel="noreferrer" target="_blank">
          Apollo Sandbox
        </a>
      </footer>
    </div>
  );
}

type Room = RoomsQuery['activeRooms'][number];

/** The rooms in a steady order, with the one that is looked at, if it is active or not. */
function withCurrent(rooms: readonly Room[], current: string | undefined): readonly Room[] {
  const shown = rooms.slice(0, SHOWN);
  if (current !== undefined && !shown.some(({ id }) => id === current)) {
    shown.unshift({ id: current, connectionCount: 0, lastMessage: null });
  }
  return shown.sort((a, b) => (a.id < b.id ? -1 : 1));
}
