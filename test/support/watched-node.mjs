// Loaded before a node's main module. Ends the node when its parent process ends. On SIGWINCH, which the
// server does not use, it collects garbage and logs memory use and handles as one line.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(1);
}, 1_000).unref();

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

process.on('SIGWINCH', () => {
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  const handles = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  console.log(JSON.stringify({ holds: { heapUsed, external, rss, handles } }));
});
