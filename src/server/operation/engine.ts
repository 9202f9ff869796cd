/**
 * Runs operations for all transports, with one schema and one way to execute, count and mask errors.
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
import { serviceUnavailable } from '#domain/errors.js';
import type { TokenVerifier, Viewer } from '#domain/viewer.js';
import type { Subscribe } from '#fanout/delivery/subscribe.js';

/** Issues connection ids, which are unique within a node while it runs. */
export class ConnectionIds {
  #last = 0;

  next(): string {
    this.#last += 1;
    return this.#last.toString(36);
  }
}

/**
 * The data of a request that is kept while its connection is open. The request itself uses much more memory.
 */
export interface Caller {
  connectionId: string;
  /** The network address, as rate limits count it; see client-address.ts. */
  address: string;
  /** The header Last-Event-ID, which an EventSource sends when it reconnects. It can be any text. */
  lastEventId?: string | undefined;
}

/** Everything that transports need to execute operations. */
export interface Engine {
  schema: GraphQLSchema;
  /** Creates the context of an operation. The caller is a guest if `viewer` is null. */
  contextOf(caller: Caller, viewer: Viewer | null): object;
  verifier: TokenVerifier;
  /** The network address of a request, as rate limits count it. */
  addressOf(request: IncomingMessage): string;
  subscribe: Subscribe;
  /** Converts any error to one that clients may see; see errors.ts. */
  formatError(error: unknown): GraphQLError;
  ids: ConnectionIds;
  /** Whether error messages omit suggestions, which reveal names from the schema. */
  hideSuggestions: boolean;
  /**
   * Watches which messages an operation reads. The returned function tells whether its answer contains one that was
   * retracted in the meantime.
   */
  watchReads(contextValue: object): () => boolean;
  /** Runs an operation inside a trace, if tracing is on. */
  around?<R>(
    kind: OperationTypeNode,
    transport: Operation['transport'],
    run: () => R | Promise<R>,
  ): Promise<R>;
  /** Called once per operation: after a query or mutation has ended, or a subscription has started. */
  onOperation(operation: Operation): void;
}

/** A report of one operation. Only its name comes from the client. */
export interface Operation {
  transport: 'http' | 'sse' | 'websocket';
  kind: OperationTypeNode;
  /** Chosen by the client, so it can be any text. */
  name: string | undefined;
  ms: number;
  failed: boolean;
}

/** The maximum number of errors in one result, and in the variables of one operation. */
const MAX_ERRORS = 20;

/**
 * Runs an operation and reports it to the engine once it has a result. Returns a promise only if `run` does.
 * Truncates a long list of errors.
 */
export function runOperation<R extends object>(
  engine: Engine,
  transport: Operation['transport'],
  args: ExecutionArgs,
  run: () => R | Promise<R>,
): R | Promise<R> {
  args.hideSuggestions = engine.hideSuggestions;
  args.options = EXECUTION_OPTIONS;
  const operation = getOperationAST(args.document, args.operationName);
  if (operation == null) return run();
  const { operation: kind, name } = operation;
  const startedAt = performance.now();
  const report = (result: R): R => {
    engine.onOperation({
      transport,
      kind,
      name: name?.value,
      ms: performance.now() - startedAt,
      failed: 'errors' in result,
    });
    return withFewErrors(result);
  };
  const runOnce = () => (engine.around ? engine.around(kind, transport, run) : run());
  const result = kind === 'subscription' ? runOnce() : runFresh(engine, args, kind, runOnce);
  return result instanceof Promise ? result.then(report) : report(result);
}

/**
 * Runs a query or mutation so that its answer contains no message that this node knows to be retracted. A query runs
 * again if one was retracted meanwhile: the store has it no longer. A mutation, which must not run twice, fails.
 */
function runFresh<R extends object>(
  engine: Engine,
  { contextValue }: ExecutionArgs,
  kind: OperationTypeNode,
  run: () => R | Promise<R>,
): R | Promise<R> {
  const isStale = engine.watchReads(contextValue as object);
  const check = (result: R): R | Promise<R> => {
    if (!isStale()) return result;
    if (kind === 'mutation') return { errors: [engine.formatError(serviceUnavailable(STALE))] } as R & object;
    const again = run();
    return again instanceof Promise ? again.then(check) : check(again);
  };
  const result = run();
  return result instanceof Promise ? result.then(check) : check(result);
}

const STALE = 'A message in the answer was just retracted. The call was carried out, and may be repeated.';

const EXECUTION_OPTIONS = { maxCoercionErrors: MAX_ERRORS };

function withFewErrors<R extends object>(result: R): R {
  const { errors } = result as ExecutionResult;
  if (errors === undefined || errors.length <= MAX_ERRORS) return result;
  return { ...result, errors: errors.slice(0, MAX_ERRORS) };
}

/** Executes a query or mutation and formats its errors, for transports that Yoga does not serve. */
export async function executeFormatted(engine: Engine, args: ExecutionArgs): Promise<ExecutionResult> {
  const result = await runOperation(engine, 'websocket', args, () => execute(args));
  return result.errors === undefined ? result : { ...result, errors: result.errors.map(engine.formatError) };
}
