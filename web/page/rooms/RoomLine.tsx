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

/** One room in the list, updated live. */
export function RoomLine({ room, isCurrent }: Props) {
  // Apollo's cache stores a room once, by its id, so these updates also reach the query of the list.
  const { data } = useSubscription(RoomUpdated, { variables: { roomId: room.id } });
  const { id, connectionCount, lastMessage } = data?.roomUpdated ?? room;
  return (
    <li>
      <Link className="room" href={roomPath(id)} aria-current={isCurrent ? 'page' : undefined}>
        <span className="room-name">{id}</span>
        <span className="room-count">
          <ViewerIcon />
          {connectionCount.toLocaleString('en')}
          <span className="visually-hidden"> watching</span>
        </span>
        <span className="room-last">
          {lastMessage ? (
            <>
              <bdi>{lastMessage.author.name}</bdi>: <bdi>{lastMessage.content}</bdi>
            </>
          ) : (
            'No messages yet'
          )}
        </span>
      </Link>
    </li>
  );
}
