import type { ParseArgsConfig } from 'node:util';
import { describeRoomId, isRoomId, MAX_ROOM_ID_LENGTH } from '#domain/limits.js';
import type { Servers } from '#redis/client/servers.js';

/** What a command can use. */
export interface CommandContext {
  servers: Servers;
  env: Readonly<Record<string, string | undefined>>;
  /** Values of the command's options. */
  options: Readonly<Record<string, string | boolean | undefined>>;
  /** Positional arguments. */
  args: readonly string[];
  /** Columns of the terminal. Undefined if the output is not a terminal. */
  width: number | undefined;
  out(text: string): void;
  /** Asks the user a question. Undefined if the input is not a terminal. */
  ask: ((question: string) => Promise<string>) | undefined;
  /** Aborts when the user interrupts the command. */
  signal: AbortSignal;
}

/** A command for operators. */
export interface Command {
  /** How to call it, such as `inspect <room>`. The first word is its name. */
  usage: string;
  summary: string;
  options?: NonNullable<ParseArgsConfig['options']>;
  /** Throws UsageError or CommandError; any other error is reported with its message. */
  run(context: CommandContext): Promise<void>;
}

/** The command line is wrong. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command failed for a reason that fits on one line. Exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The room argument of a command that takes exactly one. Throws UsageError. */
export function roomOf({ args }: CommandContext): string {
  const [room, ...others] = args;
  if (room === undefined || others.length > 0) throw new UsageError('Expected exactly one room.');
  // The commands do not know the server's limit, so they accept the longest id that any server may allow.
  if (!isRoomId(room, MAX_ROOM_ID_LENGTH)) {
    throw new UsageError(`The room must be ${describeRoomId(MAX_ROOM_ID_LENGTH)}.`);
  }
  return room;
}

/** Throws UsageError if the command line has arguments besides options. */
export function expectNoArguments({ args }: CommandContext): void {
  if (args.length > 0) throw new UsageError(`Unexpected argument: ${args[0]}`);
}

/** Writes a value as JSON on one line, for programs to read. */
export function writeJson({ out }: CommandContext, value: unknown): void {
  out(`${JSON.stringify(value)}\n`);
}
