#!/bin/sh
# Starts the broker with its users' passwords, which it reads from its environment and we keep in files.
set -eu
for file in "${SEEDBED_SECRETS:-/run/secrets}"/nats_password_*; do
    user=$(echo "${file##*/nats_password_}" | tr '[:lower:]' '[:upper:]')
    export "SEEDBED_NATS_PASSWORD_$user=$(cat "$file")"
done
exec nats-server --config "${SEEDBED_NATS_CONFIG:-/etc/nats/nats.conf}"
