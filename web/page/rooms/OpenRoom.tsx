import { type FormEvent, useId, useState } from 'react';
import { isRoomId, navigate, ROOM_ID_RULE, roomPath } from '../route.js';

/** A field that opens any room by its id. Rooms exist implicitly, so any valid id works. */
export function OpenRoom() {
  const [text, setText] = useState('');
  const [isInvalid, setIsInvalid] = useState(false);
  const id = useId();
  const open = (event: FormEvent) => {
    event.preventDefault();
    const roomId = text.trim();
    if (!isRoomId(roomId)) return setIsInvalid(true);
    setText('');
    navigate(roomPath(roomId));
  };
  return (
    <form className="open-room" onSubmit={open}>
      <label htmlFor={id} className="visually-hidden">
        Open another room
      </label>
      <input
        id={id}
        value={text}
        placeholder="Open another room"
        autoComplete="off"
        autoCapitalize="off"
        aria-invalid={isInvalid}
        aria-describedby={isInvalid ? `${id}-error` : undefined}
        onChange={(event) => {
          setText(event.target.value);
          setIsInvalid(false);
        }}
      />
      {isInvalid && (
        <p id={`${id}-error`} className="error" role="alert">
          {ROOM_ID_RULE}
        </p>
      )}
    </form>
  );
}
