/** A shared stream, and what is needed to see it work. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ROOM } from '#test/fanout/fixture.js';
import { createHarness } from './viewer-harness.js';

export const DONE = { done: true, value: undefined };
const result = (id: string) => ({ data: { messageAdded: { id } } });
export const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  await nextTurn();
  return (await Promise.race([promise, 'pending'])) === 'pending';
};

export async function createStreamHarness() {
  const { join, store, hub } = createHarness();
  return { store, hub, stream: await join('{ id }'), put: () => result(store.put(ROOM).id) };
}
