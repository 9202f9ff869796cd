import { type FormEvent, useId, useState } from 'react';
import { navigate, ROOM_ID, roomPath } from '../route.js';

/** Goes to a room by its name: any name is a room. */
export function OpenRoom() {
  const [name, setName] = useState('');
  const [refused, setRefused] = useState(false);
  const id = useId();
  const open = (event: FormEvent) => {
    event.preventDefault();
    const asked = name.trim();
    if (!ROOM_ID.test(asked)) return setRefused(true);
    setName('');
    navigate(roomPath(asked));
  };
  return (
    <form className="open-room" onSubmit={open}>
      <label htmlFor={id} className="unseen">
        Open another room
      </label>
      <input
        id={id}
        value={name}
        placeholder="Open another room"
        autoComplete="off"
        autoCapitalize="off"
        aria-invalid={refused}
        aria-describedby={refused ? `${id}-error` : undefined}
        onChange={(event) => {
          setName(event.target.value);
          setRefused(false);
        }}
      />
      {refused && (
        <p id={`${id}-error`} className="error" role="alert">
          1 to 64 letters, digits, “_”, “-” and “.”
        </p>
      )}
    </form>
  );
}
