import { useSubscription } from '@apollo/client/react';
import { useState } from 'react';
import { ServerStats } from '../documents.js';
import type { ServerStatsSubscription } from '../generated/graphql.js';
import { MenuIcon } from '../icons.js';
import { Chart, type Series } from './Chart.js';

type Stats = ServerStatsSubscription['serverStats'];

/** Seconds that the charts show. */
const SHOWN = 120;

/** What the server is doing, drawn as it does it. */
export function StatsView({ onRooms }: { onRooms(): void }) {
  const [seconds, setSeconds] = useState<readonly Stats[]>([]);
  const { error } = useSubscription(ServerStats, {
    fetchPolicy: 'no-cache',
    onData: ({ data: { data } }) => {
      if (data) setSeconds((known) => [...known.slice(1 - SHOWN), data.serverStats]);
    },
  });
  const now = seconds.at(-1);
  const of = (name: string, value: (second: Stats) => number | null): Series => ({
    name,
    values: seconds.map(value),
  });

  return (
    <main className="view">
      <header className="bar">
        <button type="button" className="menu" onClick={onRooms} aria-label="Rooms">
          <MenuIcon />
        </button>
        <h1>Live load</h1>
        <p className="watching">of the server that answers here</p>
        <p className="status" role="status" data-state={error ? 'refused' : now ? 'live' : 'connecting'}>
          <span className="dot" aria-hidden="true" />
          {error ? error.message : now ? 'Live' : 'Connecting…'}
        </p>
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
