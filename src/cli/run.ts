/**
 * The command-line tool for operators.
 *
 *   streamly-chat <command> [options]     exit code 0: success, 1: failure, 2: wrong usage
 */
import { parseArgs } from 'node:util';
import { ConfigError, configFromEnv, namesRedis } from '#config/config.js';
import type { Servers } from '#redis/client/servers.js';
import { locationOf } from '#redis/location.js';
import { openServers } from '#redis/servers.js';
import { clear } from './clear.js';
import { type Command, type CommandContext, CommandError, UsageError } from './command.js';
import { inspect } from './inspect.js';
import { ping } from './ping.js';
import { retract } from './retract.js';
import { rooms } from './rooms.js';
import { sweepCommand } from './sweep.js';

/** The terminal and environment that a command runs in. */
export type Terminal = Pick<CommandContext, 'env' | 'width' | 'out' | 'ask'> & { error(text: string): void };

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  [rooms, inspect, retract, sweepCommand, clear, ping].map((command) => [
    command.usage.split(' ')[0]!,
    command,
  ]),
);

const COMMON = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;

/** Runs the command that the arguments name. Resolves to the exit code and never rejects. */
export async function runCommand(
  argv: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<0 | 1 | 2> {
  const [name, ...rest] = argv;
  const command = COMMANDS.get(name ?? '');
  if (command === undefined) {
    const wantsHelp = name === '--help' || name === '-h' || name === 'help';
    (wantsHelp ? terminal.out : terminal.error)(HELP);
    return wantsHelp ? 0 : 2;
  }
  try {
    const { values, positionals } = parse(command, rest);
    if (values.help) {
      terminal.out(`streamly-chat ${command.usage}\n\n${command.summary}\n`);
      return 0;
    }
    await withRedis(terminal, (servers) =>
      command.run({ ...terminal, servers, options: values, args: positionals, signal }),
    );
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError || error instanceof ConfigError;
    terminal.error(`streamly-chat: ${messageOf(error)}\n`);
    if (error instanceof UsageError) terminal.error(`Usage: streamly-chat ${command.usage}\n`);
    return isUsage ? 2 : 1;
  }
}

function parse(command: Command, args: string[]) {
  try {
    const options = { ...COMMON, ...command.options };
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { values: values as CommandContext['options'], positionals };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function withRedis({ env, error }: Terminal, work: (servers: Servers) => Promise<void>): Promise<void> {
  const config = configFromEnv(env);
  if (!namesRedis(config)) {
    throw new ConfigError(
      'Set REDIS_URL, REDIS_CLUSTER_NODES or REDIS_SENTINELS to the Redis that the servers use.',
    );
  }
  let lastError: unknown;
  const servers = openServers({
    ...locationOf(config),
    commandTimeoutMs: config.redisTimeoutMs,
    hooks: {
      onError: (_where, error) => {
        lastError = error;
      },
    },
  });
  try {
    if (!(await servers.ready(config.redisTimeoutMs))) {
      // Do not print the URL, which may contain a password.
      const reason = `Redis does not answer${lastError ? `: ${messageOf(lastError)}` : ''}`;
      if (servers.connected().length === 0) throw new CommandError(reason);
      error(`streamly-chat: ${servers.missing().join(', ')}: ${reason}. Rooms of this shard are left out.\n`);
    }
    await work(servers);
  } finally {
    await servers.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

const HELP = `streamly-chat: inspects and maintains a running chat

${[...COMMANDS.values()].map(({ usage, summary }) => `  ${usage}\n      ${summary}`).join('\n')}

  --json   print one line of JSON
  --help   explain a command

The settings, such as REDIS_URL, are the server's and come from the environment.
Exit codes: 0 success, 1 failure, 2 wrong usage.
`;
