import calculateSlot from 'cluster-key-slot';
import type { ChainableCommander } from 'ioredis';
import { type Commands, KEY_COMMANDS, SCRIPT_COMMANDS, type Writer } from '#redis/client/commands.js';

/** The name of a command in `Commands`. */
type Name = keyof Commands;

/** Any of these commands, without the many overloads of its arguments. */
type AnyCommand = (...args: unknown[]) => Promise<unknown>;

/** Runs `send` with the commands of the shard that has a slot. Sends it again after a redirection. */
export type RunOnSlot = <T>(slot: number, send: (commands: Commands) => Promise<T>) => Promise<T>;

/** Commands that go to the shard of their key. */
export function shardedCommands(run: RunOnSlot): Commands {
  return createCommands(
    (name) =>
      (...args) =>
        run(slotOf(name, args), (commands) => (commands[name] as AnyCommand)(...args)),
  );
}

/**
 * The commands of a connection to a shard that is importing a slot. Each follows an ASKING, with nothing in between: they
 * are written at once. The shard answers a command without it with MOVED.
 */
export function asking(writer: Writer & { pipeline(): ChainableCommander }): Writer {
  const commands = createCommands((name) => async (...args) => {
    const pipeline = writer.pipeline().asking();
    (pipeline[name] as (...args: unknown[]) => unknown)(...args);
    const [, [error, reply] = []] = (await pipeline.exec()) ?? [];
    if (error) throw error;
    return reply;
  });
  return Object.assign(commands, { wait: writer.wait.bind(writer) });
}

function createCommands(create: (name: Name) => AnyCommand): Commands {
  const names = [...KEY_COMMANDS, ...SCRIPT_COMMANDS];
  return Object.fromEntries(names.map((name) => [name, create(name)])) as unknown as Commands;
}

/** The slot of the first key. All keys of a command are in one slot: Redis would refuse it otherwise. */
function slotOf(name: Name, args: readonly unknown[]): number {
  // EVAL script numkeys key …
  const isScript = name === 'eval' || name === 'evalsha';
  return calculateSlot(String(isScript ? args[2] : args[0]));
}
