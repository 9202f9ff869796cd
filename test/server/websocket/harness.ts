/** Runs the WebSocket transport over a real socket, with an engine from the test. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, type ExecutionResult, GraphQLError, parse } from 'graphql';
import { onTestFinished } from 'vitest';
import { SharedSource } from '#fanout/delivery/shared-source.js';
import { SharedStream, type StartDelivery } from '#fanout/delivery/shared-stream.js';
import type { Subscribe } from '#fanout/delivery/subscribe.js';
import { AnswerLimit, type AnswerLimits } from '#server/guards/answer-limit.js';
import { CostBudget } from '#server/guards/cost-budget.js';
import { OperationCosts } from '#server/guards/operation-costs.js';
import { UnreadBytes, type UnreadBytesLimits } from '#server/guards/unread-bytes.js';
import type { OpenAnswerLimits } from '#server/http/open-answers.js';
import { ConnectionIds } from '#server/operation/engine.js';
import { SessionWatch } from '#server/operation/session-watch.js';
import { createWebSocketTransport } from '#server/websocket/server.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { addressesOf } from '#test/support/server.js';

export interface HarnessOptions {
  subscribe?: Subscribe;
  /** Called for `{ field }` and `mutation { field }`. */
  field?(): unknown;
  answers?: Partial<AnswerLimits>;
  unread?: Partial<UnreadBytesLimits>;
  openAnswers?: Partial<OpenAnswerLimits>;
}

/** Sends errors unmasked. */
const formatError = (error: unknown): GraphQLError =>
  error instanceof GraphQLError ? error : new GraphQLError((error as Error).message);

export async function createHarness({ subscribe, field, openAnswers, answers, unread }: HarnessOptions) {
  const schema = buildSchema(
    'scalar Any type Query { field: Any } type Mutation { field: Any } type Subscription { field: Any }',
  );
  for (const type of [schema.getQueryType()!, schema.getMutationType()!]) {
    type.getFields().field!.resolve = () => field?.();
  }
  const faults: unknown[] = [];
  let terminated = 0;
  const unreadBytes = new UnreadBytes({ perAddress: 0, inAll: 0, ...unread }, () => {
    terminated += 1;
  });
  const transport = createWebSocketTransport({
    engine: {
      schema,
      contextOf: () => ({}),
      verifier: { verify: () => Promise.reject(new Error('These tests use no tokens.')) },
      addressOf: () => '',
      subscribe: subscribe ?? (() => ({ errors: [new GraphQLError('There is nothing to subscribe to.')] })),
      formatError,
      ids: new ConnectionIds(),
      watchReads: () => () => false,
      hideSuggestions: false,
      onOperation: () => undefined,
    },
    parseAndValidate: (query) => ({ document: parse(query), errors: [] }),
    documentOf: ({ query }) => query,
    sessionWatch: new SessionWatch({
      sessions: { findEnded: async () => [] },
      everyMs: 60_000,
      onFault: (error) => faults.push(error),
    }),
    operationRate: { count: 0, windowMs: 1_000 },
    operationsPerConnection: 0,
    idleTimeoutMs: 0,
    openAnswers: { answers: 10, unreadBytes: 4 * 1024 * 1024, ...openAnswers },
    answerLimit: new AnswerLimit({ perAddress: 0, inAll: 0, ...answers }),
    unreadBytes,
    costs: new OperationCosts(new CostBudget({ points: 0, windowMs: 1_000 }), {
      defaultPageSize: 1,
      most: {},
    }),
    messageBytes: 65_536,
    initTimeoutMs: 60_000,
    heartbeatMs: 60_000,
    onFault: (error) => faults.push(error),
  });
  const server = createServer().on('upgrade', transport.handleUpgrade);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await transport.close();
    unreadBytes.close();
    await new Promise((resolve) => server.close(resolve));
  });
  const addresses = addressesOf((server.address() as AddressInfo).port);
  const open = async (): Promise<RawSocket> => {
    const socket = await RawSocket.ready({ ...addresses, close: async () => undefined });
    onTestFinished(() => socket.crash());
    return socket;
  };
  return {
    transport,
    faults,
    open,
    unreadBytes,
    get terminated() {
      return terminated;
    },
  };
}

class NoSource extends SharedSource<never> {
  released = 0;

  override hold(): never {
    throw new Error('The stream does not share.');
  }

  override subscribe(): never {
    throw new Error('The stream delivers to the sink instead.');
  }

  override release(): void {
    this.released += 1;
  }
}

/** A stream whose delivery the test starts, with a count of how often it was released. */
export function createStream(start: StartDelivery): { stream: SharedStream; source: { released: number } } {
  const source = new NoSource();
  return { stream: new SharedStream(source, formatError, start), source };
}

/** A delivery that writes these results at once and nothing more. */
export function delivering(...results: readonly ExecutionResult[]): StartDelivery {
  const payloads = results.map((result) => Buffer.from(JSON.stringify(result)));
  return (sink) => ({
    pump: () => sink.write(sink.framing.encode(payloads)),
    end: () => undefined,
  });
}
