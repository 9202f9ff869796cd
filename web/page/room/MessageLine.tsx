import { type CSSProperties, memo } from 'react';
import { hueOf } from '../name-hue.js';
import type { Pending } from './pending.js';
import type { Line } from './timeline.js';

/** A name in its colour. */
export function Name({ children }: { children: string }) {
  return (
    <span className="name" style={{ '--hue': hueOf(children) } as CSSProperties}>
      {children}
    </span>
  );
}

interface Props {
  line: Line;
  isOwn: boolean;
  /** The line above: a time that it has already is shown when one points at the line. */
  above: Line | undefined;
}

/** One line of a room. It never changes while it is shown. */
export const MessageLine = memo(function MessageLine({ line, isOwn, above }: Props) {
  if (line.kind === 'gap') {
    return <p className="divider">Some messages here are no longer kept</p>;
  }
  const { author, content, createdAt } = line.message;
  const isSameMinute = above?.kind === 'message' && minuteOf(above.message.createdAt) === minuteOf(createdAt);
  return (
    <p className="line" data-own={isOwn || undefined} data-id={line.message.id}>
      <time dateTime={createdAt} aria-hidden={isSameMinute}>
        {timeOf(createdAt)}
      </time>
      <span className="said">
        <Name>{author.name}</Name> <span className="text">{content}</span>
      </span>
    </p>
  );
});

interface PendingProps {
  pending: Pending;
  onRetry(nonce: string): void;
  onDiscard(nonce: string): void;
}

/** What one has said and is not settled yet. */
export function PendingLine({ pending, onRetry, onDiscard }: PendingProps) {
  const { nonce, author, content, state, error } = pending;
  const mayBeSent = error?.outcome === 'unknown';
  return (
    <div className="line" data-own data-state={state}>
      <span className="time" aria-hidden="true" />
      <span className="said">
        <Name>{author}</Name> <span className="text">{content}</span>
        {state === 'sending' && <span className="note">Sending…</span>}
        {state === 'waiting' && <span className="note">Waiting for slow mode</span>}
        {state === 'failed' && (
          <span className="note failed" role="alert">
            {mayBeSent ? 'This may have been sent' : 'Not sent'}: {error?.message}
            <button type="button" onClick={() => onRetry(nonce)}>
              {mayBeSent ? 'Send anew' : 'Try again'}
            </button>
            <button type="button" onClick={() => onDiscard(nonce)}>
              Discard
            </button>
          </span>
        )}
      </span>
    </div>
  );
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

function timeOf(createdAt: string): string {
  return CLOCK.format(new Date(createdAt));
}

function minuteOf(createdAt: string): string {
  return createdAt.slice(0, 16);
}
