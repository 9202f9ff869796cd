import { WebSocket } from 'ws';
import type { ServerProcess } from './server.js';
import { until } from './until.js';

/** The command-line option with which a node can be inspected. */
export const INSPECTABLE = '--inspect=127.0.0.1:0';

interface Reply {
  id?: number;
  method?: string;
  params?: { chunk?: string };
  result?: { result?: { value?: unknown }; objects?: { objectId: string } };
  error?: { message: string };
}

/**
 * The memory of a node, over the protocol of its debugger. A heap snapshot contains all strings but not the contents of
 * Buffers, so those are searched in the node itself.
 */
export class NodeMemory {
  readonly #pending = new Map<number, (reply: Reply) => void>();
  #chunks: string[] = [];
  #calls = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data) => {
      const reply: Reply = JSON.parse(String(data));
      if (reply.method === 'HeapProfiler.addHeapSnapshotChunk') this.#chunks.push(reply.params!.chunk!);
      if (reply.id !== undefined) this.#pending.get(reply.id)?.(reply);
    });
  }

  /** Connects to a node that was started with NODE_OPTIONS=INSPECTABLE. */
  static async of(node: ServerProcess): Promise<NodeMemory> {
    const address = () => /Debugger listening on (ws:\S+)/.exec(node.output.stderr)?.[1];
    await until(() => address() !== undefined, { what: 'the debugger to listen' });
    const socket = new WebSocket(address()!, { maxPayload: 1_000_000_000 });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new NodeMemory(socket);
  }

  /** The strings and the Buffers that contain a text, with some characters around it. Collects garbage first. */
  async find(text: string): Promise<{ strings: string[]; buffers: string[] }> {
    await this.#call('HeapProfiler.collectGarbage', {});
    const buffers = await this.#buffersWith(text);
    this.#chunks = [];
    await this.#call('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
    const { strings } = JSON.parse(this.#chunks.join('')) as { strings: string[] };
    this.#chunks = [];
    return {
      strings: strings.filter((each) => each.includes(text)).map((each) => each.slice(0, 200)),
      buffers,
    };
  }

  close(): void {
    this.socket.terminate();
  }

  async #buffersWith(text: string): Promise<string[]> {
    const { result: prototype } = await this.#call('Runtime.evaluate', {
      expression: 'Uint8Array.prototype',
    });
    const { objectId } = prototype!.result as unknown as { objectId: string };
    const { result: found } = await this.#call('Runtime.queryObjects', { prototypeObjectId: objectId });
    // The text is passed in parts, so that the search does not find itself.
    const search = `function (...parts) {
      const found = [];
      // Prototypes are found too, but they are no views.
      for (const each of this.filter(ArrayBuffer.isView)) {
        const view = Buffer.from(each.buffer, each.byteOffset, each.byteLength);
        const at = view.indexOf(parts.join(''));
        if (at >= 0) found.push(view.length + ' bytes: ' + view.toString('latin1', Math.max(0, at - 80), at));
      }
      return found;
    }`;
    const { result: outcome } = await this.#call('Runtime.callFunctionOn', {
      functionDeclaration: search,
      objectId: found!.objects!.objectId,
      arguments: [...text].map((value) => ({ value })),
      returnByValue: true,
    });
    // Otherwise the debugger would keep all of them.
    await this.#call('Runtime.releaseObject', { objectId: found!.objects!.objectId });
    const { value } = outcome!.result!;
    if (!Array.isArray(value))
      throw new Error(`The Buffers could not be searched: ${JSON.stringify(outcome)}`);
    return value;
  }

  #call(method: string, params: object): Promise<Reply> {
    const id = ++this.#calls;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => {
      this.#pending.set(id, (reply) => {
        this.#pending.delete(id);
        if (reply.error) reject(new Error(reply.error.message));
        else resolve(reply);
      });
    });
  }
}
