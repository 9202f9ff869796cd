import type { Client, FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws';

/** The part of a graphql-ws client that runs operations. */
export type OperationClient = Pick<Client, 'subscribe'>;

export type Result = FormattedExecutionResult<Record<string, unknown>, unknown>;

/**
 * Subscribes as the client does, and can be left at any time. Left while a message is being handled, an
 * operation would be counted as left twice where its completion stands in the same chunk of bytes, and the
 * client would close the socket under the operations that remain. So it is left in the turn after.
 */
export function subscribeSafely<Data, Extensions>(
  client: OperationClient,
  payload: SubscribePayload,
  sink: Sink<FormattedExecutionResult<Data, Extensions>>,
): () => void {
  const leave = client.subscribe(payload, sink);
  return () => queueMicrotask(leave);
}

/** What an operation tells. A result that refused the operation comes with its completion. */
export interface OperationSink extends Omit<Sink<Result>, 'complete'> {
  complete(refusal: Result | undefined): void;
}

/**
 * Runs one operation on a client. After the returned function was called, and after `error` or `complete`,
 * nothing more is told.
 *
 * A result that holds errors alone may be an event that failed, or the server's refusal of the operation.
 * The refusal is the last that comes; so such a result is held until more comes.
 */
export function runOperation(
  client: OperationClient,
  payload: SubscribePayload,
  sink: OperationSink,
): () => void {
  let open = true;
  let held: Result | undefined;
  const leave = () => {
    open = false;
    // Also after an error: the client counts an operation as its own, and stays connected, until it is left.
    stop();
  };
  const end = (tell: () => void) => {
    if (!open) return;
    leave();
    tell();
  };
  const stop = subscribeSafely(client, payload, {
    next: (result: Result) => {
      const before = held;
      held = result.data == null && result.errors?.length ? result : undefined;
      if (open && before !== undefined) sink.next(before);
      if (open && held === undefined) sink.next(result);
    },
    error: (cause) => end(() => sink.error(cause)),
    complete: () => end(() => sink.complete(held)),
  });
  return leave;
}

/**
 * Runs a query or a mutation: calls `answered` with the value of its one root field, or `failed`; once, and
 * never after the returned function was called.
 */
export function ask(
  client: OperationClient,
  payload: SubscribePayload,
  answered: (value: unknown) => void,
  failed: (cause: unknown) => void,
): () => void {
  const leave = runOperation(client, payload, {
    // Not when it completes: by then a client that has nothing else to do has closed its socket.
    next: (result) => {
      leave();
      answered(rootValue(result));
    },
    error: failed,
    complete: (refusal) => failed(refusal?.errors ?? new Error('The operation ended without an answer.')),
  });
  return leave;
}

/** The value of a result's one root field, under whatever name it was asked for. */
export function rootValue(result: Result): unknown {
  return Object.values(result.data ?? {})[0];
}
