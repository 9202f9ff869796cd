#!/usr/bin/env node
// Makes sure that the programs that npm cannot install are on the PATH.
//
//   node scripts/ensure-programs.mjs redis [--unless-redis-url] [chromium]
//
// If a program is present, this prints and changes nothing. If it is missing, this installs it with apt-get
// (as root, or with a sudo that needs no password) or with Homebrew. If neither is possible, this prints what
// to do and exits with 1.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * One entry per program.
 * - `commands`: any one of these on the PATH is enough
 * - `isGivenBy`: returns true if the environment or a flag makes the program unnecessary
 * - `apt`, `brew`: the package that contains one of the commands, if that package manager has one
 * - `afterApt`: commands to run with the same privileges after installing the package
 * - `otherwise`: instructions for installing it by hand
 */
const programs = {
  redis: {
    commands: ['redis-server', 'valkey-server'],
    isGivenBy: (env, flags) => flags.has('--unless-redis-url') && Boolean(env.REDIS_URL),
    // The package redis-server would also start a service on port 6379, now and after every reboot. The
    // program itself is in redis-tools, which has no service: redis-server and redis-check-rdb are the same
    // file, which acts according to the name it is called by. Only the link is in the package redis-server.
    apt: 'redis-tools',
    afterApt: [['ln', '-sf', '/usr/bin/redis-check-rdb', '/usr/local/bin/redis-server']],
    brew: 'redis',
    otherwise: [
      'Debian, Ubuntu:  sudo apt-get install redis-server',
      'Fedora:          sudo dnf install valkey',
      'Alpine:          sudo apk add redis',
      'macOS:           brew install redis',
      'Windows:         use WSL, and the line above for its distribution',
      'To start without it, set REDIS_URL to a Redis 7 server (redis://host:6379). The tests always need',
      'the program, because they start their own servers.',
    ],
  },
  chromium: {
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    isGivenBy: (env) => Boolean(env.CHROMIUM_PATH),
    apt: 'chromium',
    afterApt: [],
    brew: undefined,
    otherwise: [
      'Debian:          sudo apt-get install chromium',
      'Ubuntu:          sudo snap install chromium',
      'Fedora:          sudo dnf install chromium',
      'Alpine:          sudo apk add chromium',
      'Or set CHROMIUM_PATH to the executable of any Chromium or Chrome, for example on macOS',
      '"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome".',
    ],
  },
};

const args = process.argv.slice(2);
process.exitCode = main(
  args.filter((arg) => !arg.startsWith('--')),
  new Set(args.filter((arg) => arg.startsWith('--'))),
);

function main(names, flags) {
  const unknown = [
    ...names.filter((name) => !Object.hasOwn(programs, name)),
    ...[...flags].filter((flag) => flag !== '--unless-redis-url'),
  ];
  if (names.length === 0 || unknown.length > 0) {
    if (unknown.length > 0) say(`Unknown arguments: ${unknown.join(' ')}`);
    say(`Usage: ensure-programs.mjs [--unless-redis-url] ${Object.keys(programs).join('|')} ...`);
    return 2;
  }
  const missing = names.filter((name) => {
    const program = programs[name];
    return !program.isGivenBy(process.env, flags) && !isThere(program);
  });
  return missing.map(ensure).every(Boolean) ? 0 : 1;
}

/** Installs one missing program. If that is not possible, prints instructions and returns false. */
function ensure(name) {
  const program = programs[name];
  const steps = installSteps(program);
  if (steps) {
    say(`${program.commands[0]} is missing. Installing ${steps.what}.`);
    // Continue if the update fails: the package lists of an earlier one may be good enough.
    if (steps.prepare) run(steps.prepare);
    if (steps.install.every(run) && isThere(program)) return true;
    say(`Installing ${steps.what} failed, or did not provide any of: ${program.commands.join(', ')}.`);
  }
  say(`None of ${program.commands.join(', ')} is on the PATH. Please install one of them:`);
  for (const line of program.otherwise) say(`  ${line}`);
  return false;
}

/** The commands that install a program on this machine, or undefined if no package manager is available. */
function installSteps(program) {
  const root = asRoot();
  if (program.apt && root && onPath('apt-get')) {
    const apt = [...root, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq'];
    // Another apt-get may be running, for example after booting: wait for its lock.
    const lock = ['-o', 'DPkg::Lock::Timeout=120'];
    return {
      what: `${program.apt} (apt-get)`,
      prepare: [...apt, ...lock, 'update'],
      install: [
        [...apt, ...lock, 'install', '-y', '--no-install-recommends', program.apt],
        ...program.afterApt.map((command) => [...root, ...command]),
      ],
    };
  }
  if (program.brew && process.platform === 'darwin' && onPath('brew')) {
    return { what: `${program.brew} (brew)`, install: [['brew', 'install', '--quiet', program.brew]] };
  }
  return undefined;
}

/** The prefix for commands that need root, or undefined if we cannot become root. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  if (!onPath('sudo')) return undefined;
  const sudo = ['sudo', '-n'];
  return spawnSync(sudo[0], [sudo[1], 'true'], { stdio: 'ignore' }).status === 0 ? sudo : undefined;
}

/** Runs one command without stdin, so that it cannot wait for input. Returns whether it succeeded. */
function run([command, ...rest]) {
  // All output goes to stderr, because the stdout of `npm start` is the server's log.
  return spawnSync(command, rest, { stdio: ['ignore', 2, 2] }).status === 0;
}

function isThere(program) {
  return program.commands.some(onPath);
}

function onPath(command) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .some((folder) => isExecutable(join(folder, command)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    // The file is missing, a dangling link, or in an unreadable folder: none of these is executable.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
