import { useQuery } from '@apollo/client/react';
import { Rooms } from '../documents.js';
import type { RoomsQuery } from '../generated/graphql.js';
import { Link } from '../Link.js';
import type { Route } from '../route.js';
import { SANDBOX } from '../settings.js';
import { OpenRoom } from './OpenRoom.js';
import { RoomLine } from './RoomLine.js';

/** How often to look for new rooms, in milliseconds. Known rooms are updated live. */
const POLL_MS = 15_000;

/** How many rooms to show. Each takes a subscription, and a connection may hold about a hundred. */
const SHOWN = 30;

/** The active rooms with their live counts, and links to the rest of the server. */
export function RoomList({ route }: { route: Route }) {
  const current = route.view === 'room' ? route.roomId : undefined;
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
      {error && !data && <p className="hint">The list of rooms is unavailable.</p>}
      <OpenRoom />
      <footer>
        <Link href="/stats" aria-current={route.view === 'stats' ? 'page' : undefined}>
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

/** The rooms in a stable order, including the current one even if it is not active. */
function withCurrent(rooms: readonly Room[], current: string | undefined): readonly Room[] {
  const shown = rooms.slice(0, SHOWN);
  if (current !== undefined && !shown.some(({ id }) => id === current)) {
    shown.unshift({ id: current, connectionCount: 0, lastMessage: null });
  }
  return shown.sort((a, b) => (a.id < b.id ? -1 : 1));
}
