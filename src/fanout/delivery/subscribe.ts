/**
 * A replacement for graphql-js' `subscribe` that shares rendered events among subscriptions:
 *
 *   subscribe → the resolver returns a SharedSource of a room or topic → the selection determines the key
 *             → SharedStream, which a transport attaches to a sink or iterates
 */
import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from 'graphql';
import type { Render } from '#fanout/projection/framing.js';
import { Selections } from '#fanout/projection/selection.js';
import type { SelectionClient } from '#fanout/projection/selection-limit.js';
import { SharedSource } from './shared-source.js';
import { type FormatError, SharedStream } from './shared-stream.js';
import { type Source, SourceStreams } from './source-stream.js';

/** Settings of `createSubscribe`. */
export interface SubscribeOptions {
  /** Context values for executing events. */
  contexts: {
    /** A key for the viewer of an operation. Viewer-dependent results are shared only within the same key. */
    viewerKey(contextValue: unknown): string;
    /** The client of an operation, as limits on distinct selections count it. */
    client(contextValue: unknown): SelectionClient;
    /** Creates a context for events that go to all viewers. */
    shared(): unknown;
    /** Returns a function that creates contexts for events that go to the viewer of this operation only. */
    forViewer(contextValue: unknown): () => unknown;
  };
  /** Converts an error into what the client may see. Errors that are not meant for clients are masked. */
  formatError: FormatError;
}

/** A stream of results, or a single result with the errors if the subscription failed. */
export type Subscribed = SharedStream | ExecutionResult;

/**
 * Works like graphql-js' `subscribe`, but returns synchronously if the resolver does. Joining a room that is
 * already open then costs no promise. Throws or rejects only if there is a bug.
 */
export type Subscribe = (args: ExecutionArgs) => Subscribed | Promise<Subscribed>;

/** Creates a replacement for graphql-js' `subscribe`. */
export function createSubscribe(options: SubscribeOptions): Subscribe {
  let known: { schema: GraphQLSchema; sources: SourceStreams; selections: Selections } | undefined;

  function partsOf(schema: GraphQLSchema) {
    if (known?.schema !== schema) {
      known = { schema, sources: new SourceStreams(schema), selections: new Selections(schema) };
    }
    return known;
  }

  function share(args: ExecutionArgs, source: Source): Subscribed {
    if (!(source instanceof SharedSource)) {
      if ('errors' in source) return { errors: source.errors!.map(options.formatError) };
      throw new Error('A subscription field must return a SharedSource.');
    }
    let viewerKey: string | undefined;
    let key: string;
    try {
      const selection = partsOf(args.schema).selections.of(args.document, args.operationName);
      viewerKey = selection.viewerDependent ? options.contexts.viewerKey(args.contextValue) : undefined;
      key = projectionKey(selection.keyFor(args.variableValues), viewerKey);
      source.hold(key, options.contexts.client(args.contextValue));
    } catch (error) {
      source.release();
      return { errors: [options.formatError(error)] };
    }
    const makeRender = () => createRender(args, viewerKey !== undefined, options);
    return new SharedStream(source, options.formatError, (sink, owner) =>
      source.subscribe(key, makeRender, sink, owner),
    );
  }

  return (args) => {
    const source = partsOf(args.schema).sources.create(args);
    return source instanceof Promise ? source.then((found) => share(args, found)) : share(args, source);
  };
}

function projectionKey(selectionKey: string, viewerKey: string | undefined): string {
  return viewerKey === undefined ? selectionKey : `${selectionKey}\n${JSON.stringify(viewerKey)}`;
}

/** Returns a function that executes the selection on an event, like graphql-js, and serializes the result. */
function createRender(
  args: ExecutionArgs,
  viewerDependent: boolean,
  options: SubscribeOptions,
): Render<unknown> {
  const { schema, document, operationName, variableValues } = args;
  const makeContext = viewerDependent
    ? options.contexts.forViewer(args.contextValue)
    : options.contexts.shared;
  // Clients share a result although their documents differ, so a location in one of them is wrong for the others.
  const formatShared = (error: GraphQLError): GraphQLFormattedError => {
    const { locations, ...formatted } = options.formatError(error).toJSON();
    return formatted;
  };
  const serialize = (result: ExecutionResult): Buffer => {
    const { errors } = result;
    return Buffer.from(JSON.stringify(errors ? { ...result, errors: errors.map(formatShared) } : result));
  };
  const serializeError = (error: unknown): Buffer => serialize({ errors: [error as GraphQLError] });
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
      if (result instanceof Promise) return result.then(serialize).catch(serializeError);
      return serialize(result as ExecutionResult);
    } catch (error) {
      return serializeError(error);
    }
  };
}
