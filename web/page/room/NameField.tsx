import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { isComposing } from '../composing.js';
import { settings } from '../settings.js';
import { Name } from './Utterance.js';

interface Props {
  name: string;
  onName(name: string): void;
}

/** The user's display name, with a way to change it. */
export function NameField({ name, onName }: Props) {
  const [draft, setDraft] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  /** Whether the input was left with Enter or Escape: then the focus returns to the button. */
  const leftByKey = useRef(false);
  const id = useId();
  const editing = draft !== undefined;
  useEffect(() => {
    if (editing) {
      input.current?.focus();
      input.current?.select();
    } else if (leftByKey.current) {
      button.current?.focus();
    }
    leftByKey.current = false;
  }, [editing]);

  if (draft === undefined) {
    return (
      <button type="button" className="who" ref={button} onClick={() => setDraft(name)}>
        as <Name>{name}</Name>
        <span className="visually-hidden">, change your name</span>
      </button>
    );
  }
  const save = (event?: FormEvent) => {
    event?.preventDefault();
    const chosen = [...draft.trim()].slice(0, settings.nameLength).join('');
    if (chosen !== '' && chosen !== name) onName(chosen);
    setDraft(undefined);
  };
  // Not a form, because it is inside the form of the composer.
  return (
    <span className="who">
      <label htmlFor={id}>as </label>
      <input
        id={id}
        ref={input}
        dir="auto"
        value={draft}
        maxLength={settings.nameLength}
        autoComplete="nickname"
        aria-label="Your name"
        onChange={(event) => setDraft(event.target.value)}
        onBlur={() => save()}
        onKeyDown={(event) => {
          if (isComposing(event)) return;
          leftByKey.current = event.key === 'Enter' || event.key === 'Escape';
          if (event.key === 'Enter') save(event);
          if (event.key === 'Escape') setDraft(undefined);
        }}
      />
    </span>
  );
}
