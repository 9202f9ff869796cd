import { WebSocket } from 'ws';
import { before, until } from './deadline.js';
import { HOST, type Server } from './server.js';

const LIMIT_MS = 60_000;

/**
 * Makes a Node process collect its garbage, twice, through its inspector, so that what is resident afterwards is
 * what it holds and not what it has not yet thrown away. The process itself needs no option for it.
 */
export async function collectGarbage({ pid, inspectorPort }: Server): Promise<void> {
  process.kill(pid, 'SIGUSR1'); // Node's own signal: let a debugger in
  const list = `http://${HOST}:${inspectorPort}/json/list`;
  let url: string | undefined;
  await until(10_000, 'the inspector', async () => {
    try {
      const [target] = (await (await fetch(list, { signal: AbortSignal.timeout(2000) })).json()) as {
        webSocketDebuggerUrl: string;
      }[];
      url = target?.webSocketDebuggerUrl;
      return url !== undefined;
    } catch {
      return false; // not listening yet
    }
  });
  const socket = new WebSocket(url!);
  const twice = new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => socket.send('{"id":1,"method":"HeapProfiler.collectGarbage"}'));
    socket.on('message', (data) => {
      const { id } = JSON.parse(data.toString()) as { id?: number };
      if (id === 1) socket.send('{"id":2,"method":"HeapProfiler.collectGarbage"}');
      if (id === 2) resolve();
    });
  });
  try {
    await before(LIMIT_MS, 'garbage to be collected', twice);
  } finally {
    socket.terminate();
  }
}
