#!/usr/bin/env bash
# Private RabbitMQ and Postgres for tests: own ports, own folder, loopback only. The machine's own servers are never touched.
#
#   tests/services.sh install [MORE…] installs the packages that are missing (Debian, Ubuntu; as root or with sudo), and these
#   tests/services.sh start DIR       starts both, and writes DIR/env for `source`
#   tests/services.sh stop DIR        stops what `start` began, by pid; leaves DIR
#   tests/services.sh broker DIR      starts the broker again, on its port, after it was stopped or killed, and waits for it
#   tests/services.sh database DIR    the same for Postgres
#   tests/services.sh ctl DIR ARGS…   rabbitmqctl on the private broker
#   tests/services.sh free-port [N]   prints the first of N free ports in a row
#
# DOORSTEP_PG_OPTS replaces the options of Postgres. By default it does not wait for the disk: a killed process loses
# nothing by that, only a power cut would.
set -euo pipefail

say() { echo "services: $*" >&2; }
die() { say "$*"; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "this needs root: run it as root, or install sudo, or install by hand: ${missing[*]}"; fi
}

rabbit_bin() { # The wrapper in /usr/sbin would change to the machine's own user and folders.
  local dir
  for dir in "${RABBITMQ_BIN:-}" /usr/lib/rabbitmq/bin /opt/homebrew/opt/rabbitmq/sbin /usr/local/opt/rabbitmq/sbin; do
    [ -x "$dir/rabbitmq-server" ] && { echo "$dir"; return; }
  done
  return 1
}

pg_bin() {
  local dir
  for dir in "${PG_BIN:-}" $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -Vr) "$(dirname "$(command -v initdb || echo /none/initdb)")"; do
    [ -x "$dir/initdb" ] && { echo "$dir"; return; }
  done
  return 1
}

install_missing() {
  local package
  missing=()
  for package in "$@"; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done
  rabbit_bin >/dev/null || missing+=(rabbitmq-server)
  pg_bin >/dev/null || missing+=(postgresql)
  command -v cc >/dev/null || missing+=(gcc libc6-dev)
  # The runbook's backup of the embedded database.
  command -v sqlite3 >/dev/null || missing+=(sqlite3)
  command -v setpriv >/dev/null || missing+=(util-linux)
  # The oracle reads settings and zones.
  python3 -c 'import tomllib, zoneinfo; zoneinfo.ZoneInfo("Europe/Warsaw")' 2>/dev/null || missing+=(python3 tzdata)
  # The console is looked at in a real browser; npm fetches the rules of accessibility that it is held to.
  command -v "${CHROMIUM:-chromium}" >/dev/null || missing+=(chromium)
  [ -f "$(axe_file)" ] || command -v npm >/dev/null || missing+=(npm)
  # One test talks to a real mail server; the script that starts it names the package.
  local smtp; smtp=$(dirname "$0")/smtp_real.sh
  if [ -x "$smtp" ] && ! "$smtp" installed; then missing+=("$("$smtp" package)"); fi
  [ ${#missing[@]} = 0 ] || install_packages
  [ -f "$(axe_file)" ] || fetch_axe
}

# Where tests look for axe-core; DOORSTEP_TEST_AXE names another place.
axe_file() { echo "${DOORSTEP_TEST_AXE:-$(dirname "$0")/../target/axe/node_modules/axe-core/axe.min.js}"; }

fetch_axe() {
  local folder; folder=$(dirname "$0")/../target/axe
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts axe-core@4.14.1 >/dev/null \
    || die "npm could not fetch axe-core"
}

install_packages() {
  command -v apt-get >/dev/null || die "not a Debian or Ubuntu: install by hand ${missing[*]} (RABBITMQ_BIN and PG_BIN name their folders)"
  say "installing ${missing[*]}"
  # Packages start their servers on installation, unless this file forbids it.
  local policy=/usr/sbin/policy-rc.d ours=""
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null; as_root chmod 755 $policy; ours=yes
  fi
  local failed=""
  { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; } || failed=yes
  [ -z "$ours" ] || as_root rm -f $policy
  [ -z "$failed" ] || die "apt-get could not install ${missing[*]}"
  # Nor shall what was installed for tests start with the machine.
  if command -v systemctl >/dev/null; then
    for unit in "${missing[@]}"; do
      case $unit in rabbitmq-server|postgresql|postfix) as_root systemctl disable "$unit" >/dev/null 2>&1 || true;; esac
    done
  fi
}

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() { # Below the range from which the system takes ports for outgoing connections.
  local count=${1:-1} port offset
  for _ in $(seq 200); do
    port=$((15000 + RANDOM % 16000))
    for ((offset = 0; offset < count; offset++)); do is_free $((port + offset)) || continue 2; done
    echo "$port"; return
  done
  die "no free ports"
}

rabbit_env() { # Everything RabbitMQ and Erlang would otherwise share with the machine.
  local dir=$1 port=$2
  export HOME=$dir/rabbit RABBITMQ_NODENAME="doorstep$port@localhost" RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$port
  export RABBITMQ_DIST_PORT=$((port + 1)) ERL_EPMD_PORT=$((port + 2)) ERL_EPMD_ADDRESS=127.0.0.1
  export RABBITMQ_MNESIA_BASE=$HOME/data RABBITMQ_LOG_BASE=$HOME/log RABBITMQ_PID_FILE=$HOME/pid
  export RABBITMQ_CONFIG_FILE=$HOME/rabbitmq RABBITMQ_CONF_ENV_FILE=$HOME/env.conf RABBITMQ_ENABLED_PLUGINS_FILE=$HOME/plugins
  export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
  # Rabbit's scripts look for these names as well.
  unset RABBITMQ_HOME RABBITMQ_USE_LONGNAME RABBITMQ_NODE_NAME || true
}

start_rabbit() (
  dir=$1 port=$2
  rabbit_env "$dir" "$port"
  mkdir -p "$HOME/data" "$HOME/log"
  : >"$HOME/env.conf"; : >"$HOME/out.log"; rm -f "$HOME/pid"; echo "[]." >"$HOME/plugins"
  if [ ! -f "$HOME/.erlang.cookie" ]; then
    head -c16 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$HOME/.erlang.cookie"; chmod 400 "$HOME/.erlang.cookie"
  fi
  printf '%s\n' 'vm_memory_high_watermark.absolute = 1GB' 'disk_free_limit.absolute = 100MB' 'log.file.level = warning' \
    >"$HOME/rabbitmq.conf"
  setsid "$(rabbit_bin)/rabbitmq-server" >>"$HOME/out.log" 2>&1 </dev/null &
)

wait_for_rabbit() {
  local home=$1/rabbit
  for _ in $(seq 1200); do
    grep -q 'broker\.\.\. *completed' "$home/out.log" 2>/dev/null && return
    sleep 0.1
  done
  tail -30 "$home/out.log" >&2
  die "RabbitMQ did not come up within two minutes"
}

as_pg() { # Postgres refuses to run as root; its package brings a user.
  if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups -- env HOME="$dir/pg" "$@"; else "$@"; fi
}

start_pg() {
  local dir=$1 port=$2 bin options
  bin=$(pg_bin)
  options=${DOORSTEP_PG_OPTS--c fsync=off -c full_page_writes=off -c max_connections=300 -c max_prepared_transactions=0}
  mkdir -p "$dir/pg"
  [ "$(id -u)" != 0 ] || chown postgres: "$dir/pg"
  if [ ! -f "$dir/pg/data/PG_VERSION" ]; then
    as_pg "$bin/initdb" -D "$dir/pg/data" -U doorstep -A trust -E UTF8 --locale=C.UTF-8 -N >"$dir/pg-init.log" 2>&1 \
      || { cat "$dir/pg-init.log" >&2; die "initdb failed"; }
    # Whoever is made a member of this role has to show a password; the first line that fits counts.
    as_pg sed -i '1i host all +with_password all scram-sha-256' "$dir/pg/data/pg_hba.conf"
  fi
  # A direct child, so that a killed postmaster is reaped and its lock file cannot mislead the next start.
  # shellcheck disable=SC2086
  (as_pg setsid "$bin/postgres" -D "$dir/pg/data" -p "$port" -h 127.0.0.1 -k "$dir/pg" $options \
    >>"$dir/pg.log" 2>&1 </dev/null & echo $! >"$dir/pg.pid")
  for _ in $(seq 600); do
    "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" -U doorstep && return
    kill -0 "$(cat "$dir/pg.pid")" 2>/dev/null || break
    sleep 0.1
  done
  tail -30 "$dir/pg.log" >&2
  die "Postgres did not come up"
}

wait_gone() { # PID: waits, then insists.
  for _ in $(seq 200); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.1; done
  kill -KILL "$1" 2>/dev/null || true
}

stop_all() {
  local dir=$1 pid
  if [ -f "$dir/pg.pid" ]; then
    # The postmaster writes its own pid; setpriv and setsid may have left another in ours.
    pid=$(head -1 "$dir/pg/data/postmaster.pid" 2>/dev/null || cat "$dir/pg.pid")
    kill -INT "$pid" 2>/dev/null || true; wait_gone "$pid"; rm -f "$dir/pg.pid"
  fi
  if [ -f "$dir/rabbit/port" ]; then
    pid=$(cat "$dir/rabbit/pid" 2>/dev/null || true)
    if [ -n "$pid" ]; then kill -TERM "$pid" 2>/dev/null || true; wait_gone "$pid"; fi
    # The private name server outlives its node.
    (rabbit_env "$dir" "$(cat "$dir/rabbit/port")"; epmd -port "$ERL_EPMD_PORT" -kill >/dev/null 2>&1 || true)
    rm -f "$dir/rabbit/port"
  fi
}

start_all() {
  local dir rabbit_port pg_port
  mkdir -p "$1"; dir=$(cd "$1" && pwd); chmod 711 "$dir"
  rabbit_bin >/dev/null && pg_bin >/dev/null || die "RabbitMQ or Postgres is missing: run tests/services.sh install"
  rabbit_port=$(free_port 3); mkdir -p "$dir/rabbit"; echo "$rabbit_port" >"$dir/rabbit/port"
  start_rabbit "$dir" "$rabbit_port"
  pg_port=$(free_port 1)
  echo "$pg_port" >"$dir/pg.port"
  start_pg "$dir" "$pg_port"
  wait_for_rabbit "$dir"
  cat >"$dir/env" <<ENV
export DOORSTEP_TEST_POSTGRES=postgres://doorstep@127.0.0.1:$pg_port/postgres
export DOORSTEP_TEST_AMQP=amqp://guest:guest@127.0.0.1:$rabbit_port/%2f
export DOORSTEP_TEST_SERVICES=$dir
export DOORSTEP_TEST_PG_BIN=$(pg_bin)
ENV
}

case ${1:-} in
  install) shift; install_missing "$@";;
  start) start_all "$2";;
  stop) stop_all "$(cd "$2" && pwd)";;
  broker) dir=$(cd "$2" && pwd); start_rabbit "$dir" "$(cat "$dir/rabbit/port")"; wait_for_rabbit "$dir";;
  database) dir=$(cd "$2" && pwd); start_pg "$dir" "$(cat "$dir/pg.port")";;
  ctl) dir=$(cd "$2" && pwd); shift 2; port=$(cat "$dir/rabbit/port"); rabbit_env "$dir" "$port"; exec "$(rabbit_bin)/rabbitmqctl" "$@";;
  free-port) free_port "${2:-1}";;
  *) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 2;;
esac
