/**
 * Finds out why the WebSocket does not open. Browsers do not tell a page what the server answered, so the
 * page would say "Reconnecting…" forever when, for example, a proxy passes on a wrong Host and the server
 * refuses the page's origin. After several failed attempts this asks over HTTP: that answer can be read.
 */
import type { ResumeEvent } from 'streamly-chat-client';

/** Failed attempts in a row before the server is asked over HTTP. */
const ASK_AFTER = 3;

/** Failed attempts in a row before an HTTP answer without errors means that only WebSockets fail. */
const BLAME_WEBSOCKET_AFTER = 5;

/** How long the HTTP answer may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

const WEBSOCKET_FAILS = 'The server answers, but WebSocket connections fail.';

export class ConnectionProbe {
  readonly #listeners = new Set<() => void>();
  #problem: string | undefined;
  #asking: AbortController | undefined;

  constructor(private readonly endpoint: string) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Why the connection does not open, in words. Undefined while it is open or the reason is unknown. */
  readonly problem = (): string | undefined => this.#problem;

  /** Takes every event of the resuming client. */
  heard(event: ResumeEvent): void {
    if (event.type === 'live') {
      this.#asking?.abort();
      this.#set(undefined);
    } else if (event.type === 'reconnecting' && event.attempt >= ASK_AFTER && this.#asking === undefined) {
      void this.#ask(event.attempt);
    }
  }

  async #ask(attempt: number): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    const timer = setTimeout(() => asking.abort(), TIMEOUT_MS);
    try {
      const refusal = await refusalOf(this.endpoint, asking.signal);
      const blame = attempt >= BLAME_WEBSOCKET_AFTER ? WEBSOCKET_FAILS : undefined;
      if (!asking.signal.aborted) this.#set(refusal ?? blame);
    } catch {
      // No answer over HTTP either: the server is away, which is what "Reconnecting…" says.
      if (this.#asking === asking) this.#set(undefined);
    } finally {
      clearTimeout(timer);
      this.#asking = undefined;
    }
  }

  #set(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    for (const listener of this.#listeners) listener();
  }
}

/** What the server answers to a query if that is a refusal. Throws if there is no answer. */
async function refusalOf(endpoint: string, signal: AbortSignal): Promise<string | undefined> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ query: '{ __typename }' }),
    signal,
  });
  if (response.ok) return undefined;
  const status = `${response.status} ${response.statusText}`.trim();
  return messageIn(await response.text()) ?? `The server answers ${status}.`;
}

/**
 * The message of the first error in a GraphQL answer. Undefined if the text is something else, such as a
 * proxy's page.
 */
export function messageIn(body: string): string | undefined {
  try {
    const message: unknown = JSON.parse(body)?.errors?.[0]?.message;
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
