import { describe, expect, test } from 'vitest';
import { Operation, type OperationHost } from '#server/websocket/operation.js';
import { Operations } from '#server/websocket/operations.js';

/** An operation that never starts. */
const operation = (id: string) => new Operation(id, {} as OperationHost);

describe.each([0, 1, 2])('the operations of a connection, beside %d others', (others) => {
  const withOthers = () => {
    const operations = new Operations();
    for (let index = 0; index < others; index += 1) operations.add(operation(`other ${index}`));
    return operations;
  };

  test.each(['1', '__proto__', 'constructor'])('are found by their id: %s', (id) => {
    const operations = withOthers();
    expect(operations.get(id)).toBeUndefined();
    const added = operation(id);
    operations.add(added);
    expect(operations.get(id)).toBe(added);
    expect(operations.size).toBe(others + 1);
    expect(operations.list().at(-1)).toBe(added);

    operations.remove(added);
    expect(operations.get(id)).toBeUndefined();
    expect(operations.size).toBe(others);
  });

  test('keep a new one whose id an older one had', () => {
    const operations = withOthers();
    const [older, newer] = [operation('1'), operation('1')];
    operations.add(older);
    operations.remove(older);
    operations.add(newer);
    operations.remove(older);
    expect(operations.get('1')).toBe(newer);
  });

  test('can all be removed, and new ones added', () => {
    const operations = withOthers();
    for (const each of operations.list()) operations.remove(each);
    expect([operations.size, operations.list()]).toEqual([0, []]);
    const added = operation('new');
    operations.add(added);
    expect(operations.list()).toEqual([added]);
  });
});
