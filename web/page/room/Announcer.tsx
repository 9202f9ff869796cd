import { Fragment, useEffect, useState } from 'react';
import type { Message } from './message.js';
import type { RoomSession } from './room-session.js';
import { plural } from './status.js';

/** The least time between two announcements, in milliseconds, so that a busy room does not talk forever. */
const INTERVAL_MS = 5_000;

/** How many messages are read out in full. If there are more, only their number is. */
const MAX_IN_FULL = 2;

interface Announcement {
  messages: readonly Message[];
  count: number;
  /** Differs from the announcement before: screen readers read nothing out if the text stays the same. */
  isOdd: boolean;
}

/** Reads new messages out to users of screen readers. */
export function Announcer({ session }: { session: RoomSession }) {
  const [announcement, setAnnouncement] = useState<Announcement>();

  useEffect(() => {
    let waiting: Message[] = [];
    let count = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const announce = () => {
      timer = undefined;
      const next = { messages: waiting, count };
      setAnnouncement((before) => ({ ...next, isOdd: !(before?.isOdd ?? true) }));
      waiting = [];
      count = 0;
    };
    const stop = session.onMessage((message) => {
      // The messages that were there before joining are not news.
      if (session.snapshot().status.state === 'connecting') return;
      count += 1;
      if (waiting.length < MAX_IN_FULL) waiting.push(message);
      timer ??= setTimeout(announce, INTERVAL_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [session]);

  return (
    <p className="visually-hidden" aria-live="polite" aria-atomic="true" data-testid="announcer">
      {announcement && wordsFor(announcement)}
      {announcement?.isOdd && '\u00a0'}
    </p>
  );
}

function wordsFor({ messages, count }: Announcement) {
  if (count > MAX_IN_FULL) return plural(count, 'new message');
  return messages.map(({ id, author, content }, index) => (
    <Fragment key={id}>
      {index > 0 && '. '}
      <bdi>{author.name}</bdi>: <bdi>{content}</bdi>
    </Fragment>
  ));
}
