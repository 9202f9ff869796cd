import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser's program: CHROMIUM_PATH, or what is on the PATH. Throws where there is none. */
export function chromiumPath(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const path =
    process.env.CHROMIUM_PATH ??
    folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((file) => existsSync(file));
  if (path === undefined) throw new Error('There is no Chromium: install it, or set CHROMIUM_PATH to one.');
  return path;
}
