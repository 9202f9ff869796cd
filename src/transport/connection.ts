/** Names the connections of one node; unique for as long as the node runs. */
export class ConnectionIds {
  #last = 0;

  next(): string {
    this.#last += 1;
    return this.#last.toString(36);
  }
}

/** What is kept of a request for as long as its connection lives: not the request, which holds much more. */
export interface Caller {
  connectionId: string;
  /** The network address that limits count for it. */
  address: string;
}
