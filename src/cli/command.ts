import type { ParseArgsConfig } from 'node:util';
import type { Redis } from 'ioredis';

/** What a command has to work with. */
export interface CommandContext {
  commands: Redis;
  env: Readonly<Record<string, string | undefined>>;
  /** The values of its options. */
  options: Readonly<Record<string, string | boolean | undefined>>;
  /** What stands on the line besides options. */
  args: readonly string[];
  /** Columns of the terminal; undefined where nobody looks at one. */
  width: number | undefined;
  out(text: string): void;
  /** Asks whoever is there; undefined where nobody is. */
  ask: ((question: string) => Promise<string>) | undefined;
  /** It is to end. */
  signal: AbortSignal;
}

/** Something that an operator can have done. */
export interface Command {
  /** As it is called: `inspect <room>`. */
  usage: string;
  summary: string;
  options?: NonNullable<ParseArgsConfig['options']>;
  run(context: CommandContext): Promise<void>;
}

/** The command was called wrongly: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** It could not be done, for a reason that is worth one line: exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The one argument of a command that takes a room. */
export function roomOf({ args }: CommandContext): string {
  const [room, ...more] = args;
  if (room === undefined || more.length > 0) throw new UsageError('Name one room.');
  if (!/^[\w.-]{1,256}$/.test(room))
    throw new UsageError('A room id holds letters, digits, "_", "-" and "." alone.');
  return room;
}

/** Writes what a program reads, on one line. */
export function writeJson({ out }: CommandContext, value: unknown): void {
  out(`${JSON.stringify(value)}\n`);
}
