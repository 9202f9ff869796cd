import { useEffect, useState } from 'react';
import type { Message } from './message.js';
import type { RoomSession } from './room-session.js';
import { plural } from './status.js';

/** How often something is read out at most, in milliseconds: a busy room must not talk without end. */
const EVERY_MS = 5_000;

/** Messages that are read out in full; more are counted. */
const IN_FULL = 2;

/** Reads out what is new, to those who listen to the page. */
export function Announcer({ session }: { session: RoomSession }) {
  const [words, setWords] = useState('');

  useEffect(() => {
    let waiting: Message[] = [];
    let count = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const announce = () => {
      timer = undefined;
      const spoken = waiting.map(({ author, content }) => `${author.name}: ${content}`);
      const news = count > IN_FULL ? plural(count, 'new message') : spoken.join('. ');
      // The same words again would be no change, and not be read out: a space that is not seen makes them one.
      setWords((before) => (before === news ? `${news}\u00a0` : news));
      waiting = [];
      count = 0;
    };
    // What is there when one joins is not news.
    const stop = session.onMessage((message) => {
      if (session.snapshot().status.state === 'connecting') return;
      count += 1;
      if (waiting.length < IN_FULL) waiting.push(message);
      timer ??= setTimeout(announce, EVERY_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [session]);

  return (
    <p className="unseen" aria-live="polite" data-testid="announcer">
      {words}
    </p>
  );
}
