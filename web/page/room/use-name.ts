import { useState } from 'react';

const KEY = 'streamly-name';

/** The name one writes under: a made-up one for this tab, until one chooses another for all. */
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

/** A browser may be told to keep nothing: then to look at its storage throws. */
function stored(storage: () => Storage): Storage | undefined {
  try {
    return storage();
  } catch {
    return undefined;
  }
}
