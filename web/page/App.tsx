import { useEffect, useRef } from 'react';
import type { ChatClient } from './chat-client.js';
import { CloseIcon } from './icons.js';
import { RoomView } from './room/RoomView.js';
import { InvalidRoom } from './rooms/InvalidRoom.js';
import { RoomList } from './rooms/RoomList.js';
import { type Route, useRoute } from './route.js';
import { StatsView } from './stats/StatsView.js';

/** The whole page: the list of rooms at the side, and the current view beside it. */
export function App({ client }: { client: ChatClient }) {
  const route = useRoute();
  const drawer = useRef<HTMLDialogElement>(null);
  const openRooms = () => drawer.current?.showModal();
  const title = titleOf(route);

  useEffect(() => {
    document.title = `${title} · Streamly Chat`;
    drawer.current?.close();
  }, [title]);

  return (
    <div className="app">
      <aside className="side">
        <RoomList route={route} />
      </aside>
      {/* On a phone the list of rooms is a drawer. A click outside closes it. */}
      <dialog
        className="drawer"
        ref={drawer}
        aria-label="Rooms"
        onClick={(event) => {
          const { target } = event;
          if (target === drawer.current || (target as Element).closest('a')) drawer.current?.close();
        }}
        onKeyDown={() => undefined}
      >
        <button type="button" className="close" onClick={() => drawer.current?.close()} aria-label="Close">
          <CloseIcon />
        </button>
        <RoomList route={route} />
      </dialog>
      {route.view === 'stats' && <StatsView client={client} onOpenRooms={openRooms} />}
      {route.view === 'invalid-room' && <InvalidRoom asked={route.asked} onOpenRooms={openRooms} />}
      {route.view === 'room' && (
        <RoomView key={route.roomId} client={client} roomId={route.roomId} onOpenRooms={openRooms} />
      )}
    </div>
  );
}

function titleOf(route: Route): string {
  if (route.view === 'room') return route.roomId;
  return route.view === 'stats' ? 'Live load' : 'Invalid room';
}
