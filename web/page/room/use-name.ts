import { useState } from 'react';

const KEY = 'streamly-name';

/** The user's display name. Each tab makes one up until the user chooses one, which counts for all tabs. */
export function useName(): [string, (name: string) => void] {
  const [name, setName] = useState(() => stored(() => localStorage)?.getItem(KEY) ?? guestName());
  return [
    name,
    (chosen) => {
      stored(() => localStorage)?.setItem(KEY, chosen);
      setName(chosen);
    },
  ];
}

function guestName(): string {
  const storage = stored(() => sessionStorage);
  const name = storage?.getItem(KEY) ?? `Guest ${100 + Math.floor(Math.random() * 900)}`;
  storage?.setItem(KEY, name);
  return name;
}

/** The storage, or undefined if the browser is set to block it: then even looking at it throws. */
function stored(storage: () => Storage): Storage | undefined {
  try {
    return storage();
  } catch {
    return undefined;
  }
}
