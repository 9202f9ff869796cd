#!/bin/sh
# Forms a Cluster of three shards with a replica each, unless it exists. Running it again changes nothing.
#
#   create-cluster.sh HOST:PORT...      six servers, as IP addresses: Redis does not accept names here
#
# Reads the password of the user `creator` from REDISCLI_AUTH. Exits with 0 once every server
# knows that all slots are served and which replicas there are.
set -eu

replicas=1
wait_seconds=60
slots=16384
first=$1
expected_replicas=$(($# * replicas / (replicas + 1)))

ask() {
  address=$1
  shift
  redis-cli --user creator --no-auth-warning -h "${address%:*}" -p "${address##*:}" "$@" 2>&1
}

# Retries a test once a second. Fails with the sentence that follows it.
until_true() {
  left=$wait_seconds
  until "$1" "$2"; do
    left=$((left - 1))
    if [ "$left" -le 0 ]; then
      echo "$3" >&2
      exit 1
    fi
    sleep 1
  done
}

answers() { [ "$(ask "$1" PING)" = PONG ]; }
assigned() { ask "$1" CLUSTER INFO | tr -d '\r' | sed -n 's/^cluster_slots_assigned://p'; }
replicas_of_all() { ask "$1" CLUSTER NODES | grep -c '[ ,]slave'; }
is_whole() {
  ask "$1" CLUSTER INFO | grep -q '^cluster_state:ok' \
    && [ "$(assigned "$1")" = "$slots" ] \
    && [ "$(replicas_of_all "$1")" = "$expected_replicas" ]
}

for server in "$@"; do
  until_true answers "$server" "$server does not answer: $(ask "$server" PING)"
done

case $(assigned "$first") in
  "$slots") echo 'The cluster exists.' ;;
  0)
    redis-cli --user creator --no-auth-warning --cluster create "$@" --cluster-replicas "$replicas" --cluster-yes
    ;;
  *)
    echo "$first has some slots, but not all: the creation was interrupted. Remove the volumes and start again," >&2
    echo 'or, if they contain messages, see `redis-cli --cluster fix`.' >&2
    exit 1
    ;;
esac

for server in "$@"; do
  until_true is_whole "$server" "$server does not see a whole cluster: look at CLUSTER INFO and CLUSTER NODES."
done
