import { memo } from 'react';
import type { Pending } from './pending.js';
import type { Line } from './timeline.js';
import { Utterance } from './Utterance.js';

interface Props {
  line: Line;
  isOwn: boolean;
  /** The line above. If it has the same time, the time is shown only when the pointer is over the line. */
  above: Line | undefined;
}

/** One line of a room. A line never changes. */
export const MessageLine = memo(function MessageLine({ line, isOwn, above }: Props) {
  if (line.kind === 'gap') {
    return <p className="divider">Some messages here are no longer available</p>;
  }
  const { author, content, createdAt } = line.message;
  const isSameMinute = above?.kind === 'message' && minuteOf(above.message.createdAt) === minuteOf(createdAt);
  return (
    <div className="line" data-own={isOwn || undefined} data-id={line.message.id}>
      <time dateTime={createdAt} aria-hidden={isSameMinute}>
        {timeOf(createdAt)}
      </time>
      <Utterance author={author.name} content={content} />
    </div>
  );
});

interface PendingProps {
  pending: Pending;
  onRetry(nonce: string): void;
  onDiscard(nonce: string): void;
}

/** A message of the user's own whose outcome is not known yet, or that failed. */
export function PendingLine({ pending, onRetry, onDiscard }: PendingProps) {
  const { nonce, author, content, state, error } = pending;
  const mayBeSent = error?.outcome === 'unknown';
  const note = state === 'sending' ? 'Sending…' : state === 'waiting' ? 'Waiting for slow mode' : undefined;
  return (
    <div className="line" data-own data-state={state}>
      <span className="time" aria-hidden="true" />
      <Utterance author={author} content={content} note={note && <span className="note">{note}</span>}>
        {state === 'failed' && (
          <span className="note failed" role="alert">
            {mayBeSent ? 'This may have been sent' : 'Not sent'}: {error?.message}
            <button type="button" onClick={() => onRetry(nonce)}>
              {mayBeSent ? 'Send again' : 'Try again'}
            </button>
            <button type="button" onClick={() => onDiscard(nonce)}>
              Discard
            </button>
          </span>
        )}
      </Utterance>
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
