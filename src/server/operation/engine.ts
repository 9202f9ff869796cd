/**
 * What every transport executes operations with: one schema, one context, one way to run, count and mask.
 *
 *   HTTP, event streams, WebSocket → runOperation → execute or subscribe → formatError
 */
import type { IncomingMessage } from 'node:http';
import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationTypeNode,
} from 'graphql';
import type { TokenVerifier, Viewer } from '#domain/viewer.js';
import type { Subscribe } from '#fanout/delivery/subscribe.js';

/** Gives the connections of one node their names, which are unique while the node runs. */
export class ConnectionIds {
  #last = 0;

  next(): string {
    this.#last += 1;
    return this.#last.toString(36);
  }
}

/** The part of a request that is kept while its connection lives. The request itself holds much more. */
export interface Caller {
  connectionId: string;
  /** The network address that limits count. */
  address: string;
}

/** What every transport executes with. */
export interface Engine {
  schema: GraphQLSchema;
  /** The context of an operation by this caller. Without a viewer the caller is a guest. */
  contextOf(caller: Caller, viewer: Viewer | null): object;
  verifier: TokenVerifier;
  /** The network address that limits count for a request. */
  addressOf(request: IncomingMessage): string;
  subscribe: Subscribe;
  formatError(error: unknown): GraphQLError;
  ids: ConnectionIds;
  /** Whether error messages leave out names from the schema that the client did not mention. */
  hideSuggestions: boolean;
  /** Runs an operation inside a trace, if tracing is on. */
  around?<R>(
    kind: OperationTypeNode,
    transport: Operation['transport'],
    run: () => R | Promise<R>,
  ): Promise<R>;
  /** Called once per operation: when a query or mutation has ended, and when a subscription has started. */
  onOperation(operation: Operation): void;
}

/** What is reported about an operation. Nothing in it was written by a person. */
export interface Operation {
  transport: 'http' | 'sse' | 'websocket';
  kind: OperationTypeNode;
  /** The name that the client gave it, which can be anything. */
  name: string | undefined;
  ms: number;
  failed: boolean;
}

/** Runs an operation and reports it to the engine when it has a result, without a promise if it needs none. */
export function telling<R extends object>(
  engine: Engine,
  transport: Operation['transport'],
  args: ExecutionArgs,
  run: () => R | Promise<R>,
): R | Promise<R> {
  args.hideSuggestions = engine.hideSuggestions;
  const operation = getOperationAST(args.document, args.operationName);
  if (operation == null) return run();
  const { operation: kind, name } = operation;
  const beganAt = performance.now();
  const report = (result: R): R => {
    engine.onOperation({
      transport,
      kind,
      name: name?.value,
      ms: performance.now() - beganAt,
      failed: 'errors' in result,
    });
    return result;
  };
  const result = engine.around ? engine.around(kind, transport, run) : run();
  return result instanceof Promise ? result.then(report) : report(result);
}

/** Executes a query or mutation as HTTP does, for transports that Yoga does not serve. */
export async function executeFormatted(engine: Engine, args: ExecutionArgs): Promise<ExecutionResult> {
  const result = await telling(engine, 'websocket', args, () => execute(args));
  return result.errors === undefined ? result : { ...result, errors: result.errors.map(engine.formatError) };
}
