#!/bin/sh
# Starts the run on the load side's core, with room for its sockets. The servers it starts raise their own limit
# and choose their own core. Arguments go to run.ts: --only a,b --contenders a,b --quick.
cd "$(dirname "$0")" || exit 1
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
exec taskset -c 1 node dist/run.js "$@"
