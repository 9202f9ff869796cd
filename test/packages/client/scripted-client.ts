import type { Client, FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws';

type Listener = (...args: never[]) => void;

/** One operation that a scripted client was asked to run: the test plays the server. */
export interface ScriptedOperation extends Sink<FormattedExecutionResult> {
  /** What would have been sent. */
  sent: { query: string; variables: Record<string, unknown> };
  left: boolean;
}

/** Stands for graphql-ws' client where a test has to say what happens, to the millisecond. */
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
      left: false,
      next,
      // As in graphql-ws, one that failed is the client's until it is left.
      error,
      complete: () => {
        operation.left = true;
        complete();
      },
    };
    this.operations.push(operation);
    return () => {
      operation.left = true;
    };
  };

  /** The operation that was started last. */
  get last(): ScriptedOperation {
    return this.operations.at(-1)!;
  }

  /** Those that are under way as far as the client was told. */
  get underWay(): ScriptedOperation[] {
    return this.operations.filter(({ left }) => !left);
  }

  iterate: Client['iterate'] = () => {
    throw new Error('Not scripted.');
  };

  terminate(): void {
    this.terminated += 1;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }
}

/** A result as the server sends it. */
export function messageAdded(id: string): FormattedExecutionResult {
  return { data: { messageAdded: { id } } };
}

/** Refuses an operation as the server does. */
export function refuse(operation: ScriptedOperation, code: string, extensions = {}): void {
  operation.next(refusal(code, extensions));
  operation.complete();
}

/** What a refusal holds. */
export function refusal(code: string, extensions: object = {}): FormattedExecutionResult {
  return { errors: [{ message: code, extensions: { code, ...extensions } }] };
}
