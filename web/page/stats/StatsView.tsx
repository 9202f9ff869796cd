import { useSubscription } from '@apollo/client/react';
import { useState } from 'react';
import { ServerStats } from '../documents.js';
import { MenuIcon } from '../icons.js';
import { StatusLine } from '../room/StatusLine.js';
import type { Status } from '../room/status.js';
import { useSecondsUntil } from '../room/use-seconds-until.js';
import { Chart, type Series } from './Chart.js';
import { AWAY_MS, type Seconds, SHOWN, type Stats, withSecond } from './seconds.js';

/** What the server is doing, drawn as it does it. */
export function StatsView({ onRooms }: { onRooms(): void }) {
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
        <button type="button" className="menu" onClick={onRooms} aria-label="Rooms">
          <MenuIcon />
        </button>
        <h1>Live load</h1>
        <p className="watching">of the server that answers here</p>
        <StatsStatus refusal={error?.message} heardAt={heardAt} />
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

/** Whether the server answers. Its subscription is kept up, and tells nothing of that itself. */
function StatsStatus({ refusal, heardAt }: { refusal: string | undefined; heardAt: number | undefined }) {
  const isHeard = useSecondsUntil((heardAt ?? 0) + AWAY_MS) > 0;
  let status: Status = { state: 'connecting' };
  if (refusal !== undefined) status = { state: 'refused', why: refusal };
  else if (heardAt !== undefined) status = { state: isHeard ? 'live' : 'reconnecting' };
  return <StatusLine status={status} />;
}
