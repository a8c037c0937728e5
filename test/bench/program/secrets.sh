#!/usr/bin/env bash
# The work of index.ts as a script: secrets.sh up|down PASSWORDS SERVICE. It creates what is missing, and keeps no state.
set -euo pipefail
verb=$1
passwords=$2
service=$3

declare -A existing=()
while read -r name; do
  existing[$name]=1
done < <(docker secret ls --filter label=goimg.stack=bench --format '{{.Name}}')

store() {
  docker secret create --label goimg.stack=bench --label "goimg.entry=$1" --label goimg.generation=1 "$1-g1" - >/dev/null
}

# One service that is granted every value, without a task. It joins a network that there is, as the others' does.
compose() {
  local entries=(JWT_PRIVATE_KEY JWT_PUBLIC_KEY) entry index
  for ((index = 0; index < passwords; index++)); do entries+=("PASSWORD_$index"); done
  printf '%s\n' 'version: "3.8"' 'services:' '  app:' '    image: goimg-secrets/none:1' '    deploy: { replicas: 0 }' \
    '    networks: [host]' '    secrets:'
  printf '      - { source: %s, mode: 0400 }\n' "${entries[@]}"
  printf '%s\n' 'networks:' '  host: { external: true, name: host }' 'secrets:'
  for entry in "${entries[@]}"; do printf '  %s: { external: true, name: %s-g1 }\n' "$entry" "$entry"; done
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
  [[ $service = false ]] || compose | docker stack deploy --detach --resolve-image=never --compose-file=- bench >/dev/null
}

down() {
  [[ $service = false ]] || docker stack rm bench >/dev/null
  ((${#existing[@]} == 0)) || printf '%s\n' "${!existing[@]}" | xargs docker secret rm >/dev/null
}

"$verb"
