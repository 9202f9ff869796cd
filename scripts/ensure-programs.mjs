#!/usr/bin/env node
// Makes sure that the programs npm cannot install are on the PATH.
//
//   node scripts/ensure-programs.mjs redis [--unless-redis-url] [chromium]
//
// Where a program is there already, this says nothing and changes nothing. Where it is missing it is
// installed with apt-get (as root, or through a sudo that asks for no password) or with Homebrew;
// where neither may be used, this says what to do and exits with 1.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * One entry for each program.
 * - `commands`: any one of these on the PATH will do
 * - `isGivenBy`: true where the environment or a flag makes the program unnecessary
 * - `apt`, `brew`: the package, where that package manager has one that gives a command above
 * - `afterApt`: commands to run with the same rights once the package is there
 * - `otherwise`: what a person can do instead
 */
const programs = {
  redis: {
    commands: ['redis-server', 'valkey-server'],
    isGivenBy: (env, flags) => flags.has('--unless-redis-url') && Boolean(env.REDIS_URL),
    // The package redis-server would also start a service on port 6379 and keep it over reboots. The
    // program itself is in redis-tools, which has no service: there redis-server and redis-check-rdb
    // are one file that goes by the name it is called by, and the package redis-server adds the link.
    apt: 'redis-tools',
    afterApt: [['ln', '-sf', '/usr/bin/redis-check-rdb', '/usr/local/bin/redis-server']],
    brew: 'redis',
    otherwise: [
      'Debian, Ubuntu:  sudo apt-get install redis-server',
      'Fedora:          sudo dnf install valkey',
      'Alpine:          sudo apk add redis',
      'macOS:           brew install redis',
      'Windows:         use WSL, and there the line for its distribution',
      'To start without it, set REDIS_URL to a Redis 7 server (redis://host:6379). The tests start',
      'servers of their own and need the program.',
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
      'Or set CHROMIUM_PATH to the program of any Chromium or Chrome, for example on macOS',
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
    if (unknown.length > 0) say(`Unknown: ${unknown.join(' ')}`);
    say(`Usage: ensure-programs.mjs [--unless-redis-url] ${Object.keys(programs).join('|')} ...`);
    return 2;
  }
  const missing = names.filter((name) => {
    const program = programs[name];
    return !program.isGivenBy(process.env, flags) && !isThere(program);
  });
  return missing.map(ensure).every(Boolean) ? 0 : 1;
}

/** Installs one missing program; false, with advice printed, where that is not possible. */
function ensure(name) {
  const program = programs[name];
  const steps = installSteps(program);
  if (steps) {
    say(`${program.commands[0]} is missing: installing the package ${steps.what}.`);
    // A failed update is no reason to stop: the lists of an earlier one may do.
    if (steps.prepare) run(steps.prepare);
    if (steps.install.every(run) && isThere(program)) return true;
    say(`${steps.what} could not be installed, or gave none of: ${program.commands.join(', ')}.`);
  }
  say(`None of ${program.commands.join(', ')} is on the PATH. Please install one of them:`);
  for (const line of program.otherwise) say(`  ${line}`);
  return false;
}

/** The commands that install a program here, or undefined where no package manager may be used. */
function installSteps(program) {
  const root = asRoot();
  if (program.apt && root && onPath('apt-get')) {
    const apt = [...root, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq'];
    // Another apt-get may be at work, as on a machine that has just booted: wait for its lock.
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

/** What to put before a command that root must run; undefined where we may not become root. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  if (!onPath('sudo')) return undefined;
  const sudo = ['sudo', '-n'];
  return spawnSync(sudo[0], [sudo[1], 'true'], { stdio: 'ignore' }).status === 0 ? sudo : undefined;
}

/** Runs one command with no stdin, so that nothing can wait for an answer; true where it succeeds. */
function run([command, ...rest]) {
  // Everything goes to stderr: the stdout of `npm start` is the log of the server.
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
    // Not there, a link to nothing, or a folder that may not be read: all the same here.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
