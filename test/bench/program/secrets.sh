#!/usr/bin/env bash
# The work of index.ts as a script: secrets.sh up|down PASSWORDS. It creates what is missing, and keeps no state.
set -euo pipefail
verb=$1
passwords=$2

declare -A existing=()
while read -r name; do
  existing[$name]=1
done < <(docker secret ls --filter label=goimg.stack=bench --format '{{.Name}}')

store() {
  docker secret create --label goimg.stack=bench --label "goimg.entry=$1" --label goimg.generation=1 "$1-g1" - >/dev/null
}

up() {
  for ((index = 0; index < passwords; index++)); do
    [[ -v existing[PASSWORD_$index-g1] ]] || openssl rand -base64 32 | tr -d '\n' | store "PASSWORD_$index"
  done
  if [[ ! -v existing[JWT_PRIVATE_KEY-g1] || ! -v existing[JWT_PUBLIC_KEY-g1] ]]; then
    key=$(openssl genrsa 4096 2>/dev/null)
    store JWT_PRIVATE_KEY <<<"$key"
    openssl rsa -pubout 2>/dev/null <<<"$key" | store JWT_PUBLIC_KEY
  fi
}

down() {
  ((${#existing[@]} == 0)) || printf '%s\n' "${!existing[@]}" | xargs docker secret rm >/dev/null
}

"$verb"
