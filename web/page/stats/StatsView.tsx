import { useSubscription } from '@apollo/client/react';
import { useState } from 'react';
import type { ChatClient } from '../chat-client.js';
import type { ConnectionProbe } from '../connection-probe.js';
import { ServerStats } from '../documents.js';
import { MenuIcon } from '../icons.js';
import { StatusLine } from '../room/StatusLine.js';
import type { Status } from '../room/status.js';
import { useSecondsUntil } from '../room/use-seconds-until.js';
import { Chart, type Series } from './Chart.js';
import { AWAY_MS, type Seconds, SHOWN, type Stats, withSecond } from './seconds.js';

interface Props {
  client: ChatClient;
  onOpenRooms(): void;
}

/** Live charts of the server's load. */
export function StatsView({ client, onOpenRooms }: Props) {
  const [seconds, setSeconds] = useState<Seconds>([]);
  const [heardAt, setHeardAt] = useState<number>();
  const { error } = useSubscription(ServerStats, {
    fetchPolicy: 'no-cache',
    onData: ({ data: { data } }) => {
      if (!data) return;
      setSeconds((known) => withSecond(known, data.serverStats));
      setHeardAt(Date.now());
    },
  });
  const now = seconds.at(-1) ?? undefined;
  const of = (name: string, value: (second: Stats) => number | null): Series => ({
    name,
    values: seconds.map((second) => second && value(second)),
  });

  return (
    <main className="view">
      <header className="bar">
        <button type="button" className="menu" onClick={onOpenRooms} aria-label="Rooms">
          <MenuIcon />
        </button>
        <h1>Live load</h1>
        <p className="watching">on the server that you are connected to</p>
        <StatsStatus refusal={error?.message} heardAt={heardAt} probe={client.probe} />
      </header>
      <div className="cards">
        <Chart
          title="Deliveries a second"
          value={now?.deliveriesPerSecond.toLocaleString('en')}
          note={now && `from ${now.messagesPerSecond.toLocaleString('en')} messages sent`}
          series={[of('deliveries', (second) => second.deliveriesPerSecond)]}
          length={SHOWN}
        />
        <Chart
          title="Viewers"
          value={now?.viewers.toLocaleString('en')}
          note={now && `in ${now.rooms.toLocaleString('en')} ${now.rooms === 1 ? 'room' : 'rooms'}`}
          series={[of('viewers', (second) => second.viewers)]}
          length={SHOWN}
        />
        <Chart
          title="From send to delivery"
          value={now && (now.delayMs ? `${now.delayMs.median} ms` : '–')}
          note={
            now && (now.delayMs ? `99 of 100 within ${now.delayMs.p99} ms` : 'no messages in this second')
          }
          series={[
            of('median', (second) => second.delayMs?.median ?? null),
            of('99 of 100', (second) => second.delayMs?.p99 ?? null),
          ]}
          length={SHOWN}
        />
      </div>
    </main>
  );
}

interface StatsStatusProps {
  refusal: string | undefined;
  /** When the last values arrived, in milliseconds since 1970. */
  heardAt: number | undefined;
  probe: ConnectionProbe;
}

/** The state of the connection, judged by when values arrive. */
function StatsStatus({ refusal, heardAt, probe }: StatsStatusProps) {
  const isLive = useSecondsUntil((heardAt ?? 0) + AWAY_MS) > 0;
  let status: Status = { state: 'connecting' };
  if (refusal !== undefined) status = { state: 'refused', why: refusal };
  else if (heardAt !== undefined) status = { state: isLive ? 'live' : 'reconnecting' };
  return <StatusLine status={status} probe={probe} />;
}
