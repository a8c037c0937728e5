#!/bin/sh
# Picks the program. No shell stays around it: signals reach the program itself.
set -eu
case "${1:-}" in
  api | worker | db-migrate) exec node "/app/$1.mjs" ;;
  *) echo '{"level":"error","event":"app.failed","message":"the first argument must be api, worker or db-migrate"}' >&2; exit 64 ;;
esac
