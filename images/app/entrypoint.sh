#!/bin/sh
# Picks the program. No shell stays around it: signals reach the program itself.
set -eu
case "${1:-}" in
  api | worker | db-migrate | metrics) exec node "/app/$1.mjs" ;;
  *) echo '{"level":"error","event":"app.failed","message":"the first argument must be api, worker, db-migrate or metrics"}' >&2; exit 64 ;;
esac
