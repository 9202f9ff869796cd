#!/bin/sh
# Runs the benchmark on the core of the load generator, with a raised limit on open files. The servers that it starts
# set their own limit and core. Arguments are passed to run.ts: --only a,b --contenders a,b --quick.
cd "$(dirname "$0")" || exit 1
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
exec taskset -c 1 node dist/run.js "$@"
