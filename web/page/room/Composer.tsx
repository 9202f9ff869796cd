import { type FormEvent, type KeyboardEvent, type Ref, useId, useState } from 'react';
import { isComposing } from '../composing.js';
import { SendIcon } from '../icons.js';
import { settings } from '../settings.js';
import { NameField } from './NameField.js';
import { plural } from './status.js';
import { useSecondsUntil } from './use-seconds-until.js';

interface Props {
  ref: Ref<HTMLTextAreaElement>;
  roomId: string;
  name: string;
  onName(name: string): void;
  /** Seconds that each person waits between two messages. 0 if the room is not in slow mode. */
  slowModeSeconds: number;
  /** When the next message may be sent, in milliseconds since 1970. */
  waitUntil: number;
  onSend(content: string): void;
  onEscape(): void;
}

/** The field for a message. Enter sends, Shift+Enter starts a new line, Escape goes to the newest message. */
export function Composer({ ref, roomId, name, onName, slowModeSeconds, waitUntil, onSend, onEscape }: Props) {
  const [text, setText] = useState('');
  const seconds = useSecondsUntil(waitUntil);
  const id = useId();
  const length = [...text.trim()].length;
  const over = length - settings.contentLength;
  // The same text for any length, because screen readers read out each change. The counter shows the number.
  const problem =
    over > 0 ? `Too long: a message has at most ${plural(settings.contentLength, 'character')}.` : undefined;

  const send = (event?: FormEvent) => {
    event?.preventDefault();
    if (length === 0 || over > 0 || seconds > 0) return;
    onSend(text.trim());
    setText('');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // During a composition, Enter chooses a word and Escape leaves the composition.
    if (isComposing(event)) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    }
    if (event.key === 'Escape') onEscape();
  };

  return (
    <form className="composer" onSubmit={send}>
      <div className="box" data-problem={problem !== undefined || undefined}>
        <label htmlFor={id} className="visually-hidden">
          Message to {roomId}
        </label>
        <textarea
          id={id}
          ref={ref}
          rows={1}
          dir="auto"
          value={text}
          placeholder={`Message ${roomId}`}
          enterKeyHint="send"
          aria-invalid={problem !== undefined}
          aria-describedby={`${id}-foot`}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <button
          type="submit"
          className="send"
          aria-label="Send"
          disabled={length === 0 || over > 0 || seconds > 0}
        >
          {seconds > 0 ? <span className="countdown">{seconds}</span> : <SendIcon />}
        </button>
      </div>
      <div className="foot">
        <NameField name={name} onName={onName} />
        <p id={`${id}-foot`} className={problem ? 'error' : 'hint'} role={problem ? 'alert' : undefined}>
          {problem ?? hintFor(seconds, slowModeSeconds)}
        </p>
        <p
          className="count"
          data-state={over > 0 ? 'over' : length > settings.contentLength * 0.8 ? 'near' : undefined}
        >
          {length} / {settings.contentLength}
        </p>
      </div>
    </form>
  );
}

function hintFor(seconds: number, slowModeSeconds: number): string {
  if (seconds > 0) return `Slow mode: the next message in ${plural(seconds, 'second')}`;
  if (slowModeSeconds > 0) return `Slow mode: a message every ${plural(slowModeSeconds, 'second')}`;
  return '';
}
