#!/usr/bin/env node
import { createInterface } from 'node:readline/promises';
import { runCommand, type Terminal } from './run.js';

/** The terminal of this process. */
const terminal: Terminal = {
  env: process.env,
  width: process.stdout.isTTY ? process.stdout.columns : undefined,
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
  ask: process.stdin.isTTY
    ? async (question) => {
        const reader = createInterface({ input: process.stdin, output: process.stdout });
        const answer = await reader.question(question);
        reader.close();
        return answer;
      }
    : undefined,
};

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());
// If the reader closes the pipe, as `head` does, end the command without an error.
process.stdout.on('error', () => interrupted.abort());
process.exitCode = await runCommand(process.argv.slice(2), terminal, interrupted.signal);
