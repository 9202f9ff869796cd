/**
 * The `subscribe` of a server whose subscriptions are shared.
 *
 *   subscribe → the resolver takes a place (SharedSource) in a room, or before a topic → the selection gives the key
 *             → SharedStream: attached to a sink by a transport that knows how, iterated by any other
 */
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLError,
} from 'graphql';
import type { Render } from '#fanout/projection/framing.js';
import { Selections } from '#fanout/projection/selection.js';
import { SharedSource } from './shared-source.js';
import { type FormatError, SharedStream } from './shared-stream.js';

export interface SubscribeOptions {
  /**
   * The context that broadcasts are executed with. `viewerOf` an operation is what sets its results apart
   * from those of others where a field says that it depends on the viewer; `shared` makes the context of a
   * broadcast to all, `forViewer` that of a broadcast to those who are the same viewer as this operation's.
   */
  contexts: {
    viewerOf(contextValue: unknown): string;
    shared(): unknown;
    forViewer(contextValue: unknown): () => unknown;
  };
  /** How an error becomes what the client sees: masked where it is not meant for clients. */
  formatError: FormatError;
}

export type Subscribe = (args: ExecutionArgs) => Promise<AsyncGenerator<ExecutionResult> | ExecutionResult>;

/** Makes a `subscribe` that may stand wherever graphql-js' stands. */
export function createSubscribe(options: SubscribeOptions): Subscribe {
  let selections: Selections | undefined;

  return async function subscribe(args) {
    const source = await createSourceEventStream(args);
    if (!(source instanceof SharedSource)) {
      if ('errors' in source) return { errors: source.errors!.map(options.formatError) };
      throw new Error('A subscription field must give a shared source.');
    }
    selections ??= new Selections(args.schema);
    const selection = selections.of(args.document, args.operationName);
    const viewer = selection.viewerDependent ? options.contexts.viewerOf(args.contextValue) : undefined;
    const key = keyOf(selection, args.variableValues, viewer);
    const makeRender = () => renderer(args, viewer !== undefined, options);
    return new SharedStream(source, options.formatError, (sink, owner) =>
      source.subscribe(key, makeRender, sink, owner),
    );
  };
}

function keyOf(
  selection: { text: string; variables: string[] },
  values: ExecutionArgs['variableValues'],
  viewer: string | undefined,
): string {
  if (selection.variables.length === 0 && viewer === undefined) return selection.text;
  // JSON leaves out what was not given: that has its default, as null has not.
  const used = Object.fromEntries(selection.variables.map((name) => [name, values?.[name]]));
  return `${selection.text}\n${JSON.stringify(used)}\n${viewer === undefined ? '' : JSON.stringify(viewer)}`;
}

/** Renders events as graphql-js would for one subscriber who selects this, in JSON. */
function renderer(args: ExecutionArgs, viewerDependent: boolean, options: SubscribeOptions): Render<unknown> {
  const { schema, document, operationName, variableValues } = args;
  const makeContext = viewerDependent
    ? options.contexts.forViewer(args.contextValue)
    : options.contexts.shared;
  const serialise = (result: ExecutionResult): Buffer => {
    const formatted = result.errors ? { ...result, errors: result.errors.map(options.formatError) } : result;
    return Buffer.from(JSON.stringify(formatted));
  };
  const fault = (error: unknown): Buffer => serialise({ errors: [error as GraphQLError] });
  return (event) => {
    try {
      const result = execute({
        schema,
        document,
        operationName,
        variableValues,
        contextValue: makeContext(),
        rootValue: event,
      });
      if (result instanceof Promise) return result.then(serialise).catch(fault);
      return serialise(result as ExecutionResult);
    } catch (error) {
      return fault(error);
    }
  };
}
