import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { FormattedExecutionResult } from 'graphql';
import type { TestServer } from '#test/support/server.js';
import { EventStream } from './event-stream.js';
import { type Params, paramsOf, post } from './http.js';
import { RawSocket, type WireMessage } from './raw-socket.js';

type Result<Data> = FormattedExecutionResult<Data>;

/** An open subscription over any transport. */
export interface Following<Data> {
  /** The data of the next result. Throws if the result has errors. */
  next(): Promise<Data>;
  /** The data of the next `count` results. */
  take(count: number): Promise<Data[]>;
  /** The next result with its errors, or undefined if the server has completed the subscription. */
  nextResult(): Promise<Result<Data> | undefined>;
  /** Unsubscribes in the transport's own way. */
  leave(): void;
}

/** A way to run operations on the server. */
export interface Transport {
  name: string;
  /** Subscribes. Resolves once the subscription is live. */
  follow<Data, Variables>(
    server: TestServer,
    document: TypedDocumentNode<Data, Variables> | Params,
    variables?: Variables,
  ): Promise<Following<Data>>;
  /** Runs one operation of any kind and returns its first result. */
  ask(server: TestServer, params: Params): Promise<FormattedExecutionResult>;
}

/** GraphQL over WebSocket, with one socket per operation. */
export const webSocket: Transport = {
  name: 'WebSocket',
  async follow(server, document, variables) {
    const socket = await RawSocket.ready(server);
    socket.subscribe('1', wireOf(document, variables));
    // Operations are answered in order, so the subscription is live once this mutation completes.
    socket.subscribe('live', { query: 'mutation { __typename }' });
    const early: WireMessage[] = [];
    for (let isLive = false; !isLive; ) {
      const message = await socket.next();
      if (message.id === '1') early.push(message);
      isLive = message.id === 'live' && message.type === 'complete';
    }
    return following(
      async () => resultOf(early.shift() ?? (await socket.next())),
      () => socket.send({ id: '1', type: 'complete' }),
    );
  },
  async ask(server, params) {
    const socket = await RawSocket.ready(server);
    try {
      socket.subscribe('1', params);
      return resultOf(await socket.next())!;
    } finally {
      await socket.close();
    }
  },
};

/** Server-sent events, with one request per operation. */
export const eventStream: Transport = {
  name: 'SSE',
  async follow(server, document, variables) {
    const stream = await EventStream.open(server, wireOf(document, variables));
    const nextResult = async () => {
      const event = await stream.next();
      return event?.event === 'next' ? JSON.parse(event.data) : undefined;
    };
    return following(nextResult, () => stream.crash());
  },
  async ask(server, params) {
    const stream = await EventStream.open(server, params);
    try {
      return await stream.nextResult();
    } finally {
      stream.crash();
    }
  },
};

/** GraphQL over HTTP, for queries and mutations. */
export const http = {
  name: 'HTTP',
  ask: async (server: TestServer, params: Params) => (await post(server, params)).body,
};

function following<Data>(
  nextResult: () => Promise<Result<Data> | undefined>,
  leave: () => void,
): Following<Data> {
  const next = async () => {
    const result = await nextResult();
    if (result?.data == null || result.errors !== undefined) {
      throw new Error(`Not data: ${JSON.stringify(result)}`);
    }
    return result.data;
  };
  return {
    nextResult,
    leave,
    next,
    take: async (count) => {
      const taken: Data[] = [];
      while (taken.length < count) taken.push(await next());
      return taken;
    },
  };
}

function resultOf<Data>({ type, payload }: WireMessage): Result<Data> | undefined {
  if (type === 'next') return payload as Result<Data>;
  if (type === 'error') return { errors: payload as Result<Data>['errors'] };
  return undefined;
}

function wireOf<Data, Variables>(
  document: TypedDocumentNode<Data, Variables> | Params,
  variables?: Variables,
): Params {
  return 'kind' in document ? paramsOf(document, variables as Variables) : document;
}
