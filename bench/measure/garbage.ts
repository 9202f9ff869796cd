import { WebSocket } from 'ws';
import { until, withDeadline } from './deadline.js';
import { HOST, type Server } from './server.js';

const LIMIT_MS = 60_000;

/**
 * Makes a Node process collect garbage twice, so that its resident memory no longer includes dead objects. This uses
 * the inspector, which is enabled by signal, so the process needs no special option.
 */
export async function collectGarbage({ pid, inspectorPort }: Server): Promise<void> {
  process.kill(pid, 'SIGUSR1'); // Node enables the inspector on this signal
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
    await withDeadline(LIMIT_MS, 'garbage to be collected', twice);
  } finally {
    socket.terminate();
  }
}
