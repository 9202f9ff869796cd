import type { Message } from '#domain/message.js';
import type { Retractions } from '#fanout/log/retractions.js';
import type { OperationContext } from './context.js';

/**
 * Notes which messages an operation has read, so that its answer is not sent if one of them is retracted while the rest
 * of the answer is put together.
 */
export function reading(context: OperationContext, messages: readonly Message[]): void {
  context.reads ??= [];
  context.reads.push(...messages);
}

/**
 * Call this before an operation is executed. The returned function tells whether an answer is stale: a message that the
 * operation has read was retracted since. Call it afterwards, and again after each repetition.
 */
export function watchReads(retractions: Retractions, context: OperationContext): () => boolean {
  let mark = retractions.mark();
  return () => {
    const { reads = [] } = context;
    const isStale = retractions.coversAny(mark, reads);
    context.reads = undefined;
    mark = retractions.mark();
    return isStale;
  };
}
