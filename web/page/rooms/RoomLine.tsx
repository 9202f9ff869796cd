import { useSubscription } from '@apollo/client/react';
import { RoomUpdated } from '../documents.js';
import type { RoomsQuery } from '../generated/graphql.js';
import { ViewerIcon } from '../icons.js';
import { Link } from '../Link.js';
import { roomPath } from '../route.js';

interface Props {
  room: RoomsQuery['activeRooms'][number];
  isCurrent: boolean;
}

/** One room in the list. What it shows changes live. */
export function RoomLine({ room, isCurrent }: Props) {
  // The cache has the room once, by its id: for a room of the list, the list's query gets what comes here.
  const { data } = useSubscription(RoomUpdated, { variables: { roomId: room.id } });
  const { id, connectionCount, lastMessage } = data?.roomUpdated ?? room;
  return (
    <li>
      <Link className="room" href={roomPath(id)} aria-current={isCurrent ? 'page' : undefined}>
        <span className="room-name">{id}</span>
        <span className="room-count">
          <ViewerIcon />
          {connectionCount.toLocaleString('en')}
          <span className="unseen"> watching</span>
        </span>
        <span className="room-last">
          {lastMessage ? `${lastMessage.author.name}: ${lastMessage.content}` : 'No messages yet'}
        </span>
      </Link>
    </li>
  );
}
