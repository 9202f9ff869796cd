import type { Client, FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws';

/** The part of a graphql-ws client that runs operations. */
export type OperationClient = Pick<Client, 'subscribe'>;

export type Result = FormattedExecutionResult<Record<string, unknown>, unknown>;

/**
 * Subscribes like the client does, but can be unsubscribed at any time.
 *
 * graphql-ws counts an operation as ended twice if it is unsubscribed while a message is handled and its
 * completion is in the same chunk of bytes. It would then close the socket under the remaining operations. So
 * this unsubscribes in a microtask.
 */
export function subscribeSafely<Data, Extensions>(
  client: OperationClient,
  payload: SubscribePayload,
  sink: Sink<FormattedExecutionResult<Data, Extensions>>,
): () => void {
  const unsubscribe = client.subscribe(payload, sink);
  return () => queueMicrotask(unsubscribe);
}

/**
 * Receives what happens to an operation. If the server refused it, `complete` gets the result that says so.
 */
export interface OperationSink extends Omit<Sink<Result>, 'complete'> {
  complete(refusal: Result | undefined): void;
}

/**
 * Runs one operation on a client. The sink is not called again after `error` or `complete`, or after the
 * returned function was called.
 *
 * A result with only errors may be an event that failed, or the server's refusal of the operation. A refusal
 * is always the last result, so such a result is held back until the next result or the completion.
 */
export function runOperation(
  client: OperationClient,
  payload: SubscribePayload,
  sink: OperationSink,
): () => void {
  let open = true;
  let held: Result | undefined;
  const stop = () => {
    open = false;
    // Also after an error: graphql-ws keeps the operation, and the connection, until it is unsubscribed.
    unsubscribe();
  };
  const end = (notify: () => void) => {
    if (!open) return;
    stop();
    notify();
  };
  const unsubscribe = subscribeSafely(client, payload, {
    next: (result: Result) => {
      const before = held;
      held = result.data == null && result.errors?.length ? result : undefined;
      if (open && before !== undefined) sink.next(before);
      if (open && held === undefined) sink.next(result);
    },
    error: (cause) => end(() => sink.error(cause)),
    complete: () => end(() => sink.complete(held)),
  });
  return stop;
}

/**
 * Runs a query or a mutation with one root field. Calls `onValue` with the value of that field, or `onError`:
 * once, and never after the returned function was called.
 */
export function request(
  client: OperationClient,
  payload: SubscribePayload,
  onValue: (value: unknown) => void,
  onError: (cause: unknown) => void,
): () => void {
  const stop = runOperation(client, payload, {
    // Do not wait for the completion: by then, an otherwise idle client would have closed its socket.
    next: (result) => {
      stop();
      onValue(rootValue(result));
    },
    error: onError,
    complete: (refusal) => onError(refusal?.errors ?? new Error('The operation ended without a result.')),
  });
  return stop;
}

/** The value of a result's only root field, whatever its alias. */
export function rootValue(result: Result): unknown {
  return Object.values(result.data ?? {})[0];
}
