import type { Client, FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws';

type Listener = (...args: never[]) => void;

/** An operation of a scripted client. The test calls its sink, in the role of the server. */
export interface ScriptedOperation extends Sink<FormattedExecutionResult> {
  /** The payload that would have been sent. */
  sent: { query: string; variables: Record<string, unknown> };
  unsubscribed: boolean;
}

/** Replaces the graphql-ws client in tests that decide exactly what happens and when. */
export class ScriptedClient implements Client {
  readonly operations: ScriptedOperation[] = [];
  readonly #listeners = new Map<string, Set<Listener>>();
  terminated = 0;
  disposed = false;

  on: Client['on'] = (event, listener) => {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener as Listener);
    return () => listeners.delete(listener as Listener);
  };

  emit(event: string, ...args: unknown[]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...(args as never[]));
  }

  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }

  subscribe: Client['subscribe'] = (payload: SubscribePayload, sink) => {
    const { next, error, complete } = sink as Sink<FormattedExecutionResult>;
    const sent = JSON.parse(JSON.stringify(payload));
    const operation: ScriptedOperation = {
      sent,
      unsubscribed: false,
      next,
      // As in graphql-ws, a failed operation stays active until it is unsubscribed.
      error,
      complete: () => {
        operation.unsubscribed = true;
        complete();
      },
    };
    this.operations.push(operation);
    return () => {
      operation.unsubscribed = true;
    };
  };

  /** The operation that was started most recently. */
  get last(): ScriptedOperation {
    return this.operations.at(-1)!;
  }

  /** The operations that were neither completed nor unsubscribed. */
  get active(): ScriptedOperation[] {
    return this.operations.filter(({ unsubscribed }) => !unsubscribed);
  }

  iterate: Client['iterate'] = () => {
    throw new Error('ScriptedClient does not support iterate.');
  };

  terminate(): void {
    this.terminated += 1;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }
}

/** The result for a message. */
export function messageAdded(id: string): FormattedExecutionResult {
  return { data: { messageAdded: { id } } };
}

/** Refuses an operation like the server does. */
export function refuse(operation: ScriptedOperation, code: string, extensions = {}): void {
  operation.next(refusal(code, extensions));
  operation.complete();
}

/** The result with which the server refuses an operation. */
export function refusal(code: string, extensions: object = {}): FormattedExecutionResult {
  return { errors: [{ message: code, extensions: { code, ...extensions } }] };
}
