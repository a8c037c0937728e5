#!/bin/bash
# Starts PostgreSQL, or one of the jobs that share its user. An empty volume is initialised in a folder of its own that gets
# its name when it is complete, so that a killed start is done anew and never half-used.
set -euo pipefail
umask 077
if [ "$1" = backup ]; then
  exec goimg-backup
fi
if [ "$1" != postgres ]; then
  exec goimg-job "$@"
fi
volume=/var/lib/postgresql/data
data=$volume/15
bin=/usr/lib/postgresql/15/bin
# Held as long as the server lives: in containers the server's own lock file can't tell two of them apart.
exec 9>"$volume/.lock"
flock --timeout 60 9 || { echo '{"level":"error","event":"postgres.failed","message":"another server holds the volume"}' >&2; exit 1; }
if [ ! -e "$data" ]; then
  rm -rf "$data.new"
  "$bin/initdb" --pgdata="$data.new" --username=postgres --auth-local=peer --auth-host=scram-sha-256 \
    --data-checksums --encoding=UTF8 --locale=C.UTF-8 --no-instructions >/dev/null
  mv "$data.new" "$data"
  sync "$volume"
fi
# A socket of a killed server must not be taken for this one's.
rm -f /run/postgresql/.s.PGSQL.5432 /run/postgresql/.s.PGSQL.5432.lock
exec "$bin/postgres" -D "$data" -c config_file=/etc/goimg/postgresql.conf -c hba_file=/etc/goimg/pg_hba.conf \
  -c ident_file="$data/pg_ident.conf"
