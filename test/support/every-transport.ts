import type { FormattedExecutionResult } from 'graphql';
import { type Params, post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import type { TestServer } from './server.js';

/** An operation with any other fields that a client may send. */
export type AnyParams = Params & Record<string, unknown>;

/** Runs an operation over one transport and returns its first result. */
export type Asker = (server: TestServer, params: AnyParams) => Promise<FormattedExecutionResult>;

async function overHttp(server: TestServer, params: AnyParams): Promise<FormattedExecutionResult> {
  return (await post(server, params)).body;
}

async function overEventStream(server: TestServer, params: AnyParams): Promise<FormattedExecutionResult> {
  const gone = new AbortController();
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    body: JSON.stringify(params),
    signal: gone.signal,
  });
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const data = /^data: ?(\{.*)$/m.exec(text)?.[1];
    if (data !== undefined && text.endsWith('\n\n')) {
      gone.abort();
      return JSON.parse(data);
    }
  }
  return JSON.parse(text);
}

async function overWebSocket(server: TestServer, params: AnyParams): Promise<FormattedExecutionResult> {
  const socket = await RawSocket.ready(server);
  try {
    socket.subscribe('asked', params);
    const { type, payload } = await socket.next();
    const result = type === 'error' ? { errors: payload } : payload;
    // The socket must still work, whatever was refused.
    socket.send({ type: 'ping' });
    for (let answer = await socket.next(); answer.type !== 'pong'; answer = await socket.next());
    return result as FormattedExecutionResult;
  } finally {
    socket.crash();
  }
}

/** Every way to send an operation. */
export const TRANSPORTS: [name: string, ask: Asker][] = [
  ['HTTP', overHttp],
  ['SSE', overEventStream],
  ['WebSocket', overWebSocket],
];
