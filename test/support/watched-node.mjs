// Loaded into a node before its main module: it ends with the process that started it, and on SIGWINCH,
// which a server has no other use for, writes what it holds as one line of its log, after it has collected its garbage.
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
