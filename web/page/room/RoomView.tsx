import { useSubscription } from '@apollo/client/react';
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { ChatClient } from '../chat-client.js';
import { RoomUpdated } from '../documents.js';
import { MenuIcon } from '../icons.js';
import { Announcer } from './Announcer.js';
import { Composer } from './Composer.js';
import { MessageList } from './MessageList.js';
import { RoomSession } from './room-session.js';
import { StatusLine } from './StatusLine.js';
import { useName } from './use-name.js';

interface Props {
  client: ChatClient;
  roomId: string;
  onOpenRooms(): void;
}

/** A room: its messages, and the field for a new one. */
export function RoomView({ client, roomId, onOpenRooms }: Props) {
  const session = useMemo(() => new RoomSession(client, roomId), [client, roomId]);
  useEffect(() => session.open(), [session]);
  const snapshot = useSyncExternalStore(session.subscribe, session.snapshot);
  const { data } = useSubscription(RoomUpdated, { variables: { roomId } });
  const [name, setName] = useName();
  const [jumps, setJumps] = useState(0);
  const composer = useRef<HTMLTextAreaElement>(null);
  const { connectionCount: count, slowModeSeconds = 0 } = data?.roomUpdated ?? {};
  const limitedUntil = Math.max(...snapshot.pending.map(({ until = 0 }) => until));
  const jump = () => {
    session.jumpToNewest();
    setJumps((times) => times + 1);
  };

  return (
    <main className="view">
      <header className="bar">
        <button type="button" className="menu" onClick={onOpenRooms} aria-label="Rooms">
          <MenuIcon />
        </button>
        <h1>{roomId}</h1>
        {count !== undefined && <p className="watching">{count.toLocaleString('en')} watching</p>}
        <StatusLine status={snapshot.status} probe={client.probe} />
      </header>
      <MessageList
        session={session}
        snapshot={snapshot}
        name={name}
        jumps={jumps}
        onJump={() => {
          jump();
          composer.current?.focus();
        }}
        onSettle={() => composer.current?.focus()}
      />
      <Composer
        ref={composer}
        roomId={roomId}
        name={name}
        onName={setName}
        slowModeSeconds={slowModeSeconds}
        waitUntil={Math.max(limitedUntil, snapshot.saidAt + slowModeSeconds * 1_000)}
        onSend={(content) => {
          session.say(name, content);
          setJumps((times) => times + 1);
        }}
        onEscape={jump}
      />
      <Announcer session={session} />
    </main>
  );
}
