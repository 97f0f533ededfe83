#!/bin/sh
# Makes an authority of your own, and a certificate for each service by its name in compose and as localhost.
# sh deploy/make_certificates.sh [FOLDER]; what is there stays. Callers believe FOLDER/ca.crt.
set -eu
umask 077
folder="${1:-.certificates}"
services="taxonomy runs knowledge skills judge trainer evaluator"
mkdir -p "$folder"
curve="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
if [ ! -e "$folder/ca.key" ]; then
    # shellcheck disable=SC2086  options, to be parted
    openssl req -x509 $curve -days 3650 -subj "/CN=Seedbed" -keyout "$folder/ca.key" -out "$folder/ca.crt" 2>/dev/null
fi
for service in $services; do
    own="$folder/$service"
    [ ! -e "$own/tls.crt" ] || continue
    mkdir -p "$own"
    # shellcheck disable=SC2086
    openssl req $curve -subj "/CN=$service" -keyout "$own/tls.key" -out "$own/request" 2>/dev/null
    printf 'subjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1\n' "$service" > "$own/names"
    openssl x509 -req -in "$own/request" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -CAcreateserial -days 365 \
        -extfile "$own/names" -out "$own/tls.crt" 2>/dev/null
    cp "$folder/ca.crt" "$own/ca.crt"
    rm "$own/request" "$own/names"
    # Who reads them in the container is nobody here: the folder above keeps others out.
    chmod 755 "$own" && chmod 444 "$own/tls.key" "$own/tls.crt" "$own/ca.crt"
done
