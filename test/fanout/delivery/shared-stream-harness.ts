/** Creates a shared stream on an in-memory store. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ROOM } from '#test/fanout/fixture.js';
import { createHarness } from './subscribe-harness.js';

export const DONE = { done: true, value: undefined };
const result = (id: string) => ({ data: { messageAdded: { id } } });
/** Whether a promise is still pending in the next turn of the event loop. */
export const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  await nextTurn();
  return (await Promise.race([promise, 'pending'])) === 'pending';
};

export async function createStreamHarness() {
  const { join, store, hub } = createHarness();
  return { store, hub, stream: await join('{ id }'), put: () => result(store.put(ROOM).id) };
}
