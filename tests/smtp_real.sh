#!/usr/bin/env bash
# A private Postfix for tests: own ports, own folder, loopback only. The machine's own mail is never touched.
#
#   tests/smtp_real.sh installed         says by its status whether what it needs is there
#   tests/smtp_real.sh package           names the distribution's package
#   tests/smtp_real.sh start DIR PORT    STARTTLS on PORT, TLS from the first byte on PORT+1
#   tests/smtp_real.sh stop DIR PORT     stops it; leaves DIR
#
# It takes mail for anyone at example.com into the maildir DIR/mail/all, and trusts DIR/ca.pem. Postfix needs root (or sudo
# that asks nothing) to start its processes as their own users.
set -euo pipefail

die() { echo "smtp_real: $*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo -n "$@"
  else die "postfix needs root: run this as root, or install sudo"; fi
}

sbin=/usr/sbin
daemons=/usr/lib/postfix/sbin

certificate() { # One that signs itself: the test trusts it by file.
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:false \
    -keyout "$1/key.pem" -out "$1/ca.pem" 2>/dev/null
}

settings() {
  local dir=$1 port=$2 reader=$3
  cat >"$dir/conf/main.cf" <<CF
compatibility_level = 3.6
config_directory = $dir/conf
queue_directory = $dir/queue
data_directory = $dir/data
command_directory = $sbin
daemon_directory = $daemons
mail_owner = postfix
setgid_group = postdrop
maillog_file = $dir/log
maillog_file_prefixes = $dir
myhostname = mail.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = example.com
virtual_mailbox_base = $dir/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:$reader
virtual_gid_maps = static:$(id -g nobody)
virtual_minimum_uid = 1
mailbox_size_limit = 0
virtual_mailbox_limit = 0
message_size_limit = 10485760
smtpd_relay_restrictions = permit_auth_destination, reject
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = $dir/key.pem, $dir/ca.pem
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
CF
  cat >"$dir/conf/master.cf" <<CF
127.0.0.1:$port       inet n - n - - smtpd
127.0.0.1:$((port + 1)) inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
error     unix - - n - - error
retry     unix - - n - - error
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
CF
}

start() {
  local dir=$1 port=$2
  mkdir -p "$dir/conf" "$dir/queue" "$dir/data" "$dir/mail"
  dir=$(cd "$dir" && pwd)
  certificate "$dir"
  # The maildir belongs to whoever runs the tests; Postfix writes nothing as root.
  local reader; reader=$(id -u)
  [ "$reader" != 0 ] || reader=$(id -u nobody)
  settings "$dir" "$port" "$reader"
  as_root chown root "$dir/conf" "$dir/conf/main.cf" "$dir/conf/master.cf" "$dir/queue"
  as_root chown postfix "$dir/data"
  as_root chown "$reader" "$dir/mail"
  # Postfix's own users must be able to get in; what is above the folder is the caller's.
  chmod 755 "$dir"
  as_root "$sbin/postfix" -c "$dir/conf" start >"$dir/start.log" 2>&1 || { cat "$dir/start.log" >&2; die "postfix did not start"; }
  local tries
  for tries in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
    sleep 0.1
  done
  cat "$dir/log" >&2 || true
  die "postfix does not listen on $port after 10 s ($tries tries)"
}

case "${1:-}" in
  installed) [ -x $sbin/postfix ] && [ -x $daemons/master ] && command -v openssl >/dev/null ;;
  # Its dependencies bring openssl along.
  package) echo postfix ;;
  start) [ $# = 3 ] || die "start DIR PORT"; start "$2" "$3" ;;
  stop) [ $# = 3 ] || die "stop DIR PORT"; as_root $sbin/postfix -c "$(cd "$2" && pwd)/conf" stop >/dev/null 2>&1 || true ;;
  *) sed -n '2,11p' "$0"; exit 2 ;;
esac
