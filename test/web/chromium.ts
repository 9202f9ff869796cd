import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The path of Chromium: CHROMIUM_PATH, or the first one found on PATH. Throws if there is none. */
export function chromiumPath(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const path =
    process.env.CHROMIUM_PATH ??
    folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((file) => existsSync(file));
  if (path === undefined) throw new Error('Chromium was not found. Install it, or set CHROMIUM_PATH.');
  return path;
}
