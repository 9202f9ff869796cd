import type { FormattedExecutionResult } from 'graphql';
import { type Params, post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import type { TestServer } from './server.js';

/** An operation with whatever else a client may send along. */
export type AnyParams = Params & Record<string, unknown>;

/** The first result of an operation, by one of the ways in. */
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
    // Whatever was refused, the socket stays and serves.
    socket.send({ type: 'ping' });
    for (let answer = await socket.next(); answer.type !== 'pong'; answer = await socket.next());
    return result as FormattedExecutionResult;
  } finally {
    socket.crash();
  }
}

/** Every way in. */
export const TRANSPORTS: [name: string, ask: Asker][] = [
  ['HTTP', overHttp],
  ['SSE', overEventStream],
  ['WebSocket', overWebSocket],
];
