#!/bin/sh
# Starts Ceph's gateway over one monitor and one disk, which is a file, with the user that the secret names.
set -eu
cd /data
mkdir -p run
if [ ! -e disk ]; then
    mkdir -p monitor
    cluster=$(cat /proc/sys/kernel/random/uuid)
    monmaptool --create --clobber --fsid "$cluster" --addv a '[v1:127.0.0.1:6789]' monitors
    # The monitor is born knowing its one disk, so nobody has to tell it later.
    osdmaptool --createsimple 1 --clobber disks
    ceph-mon --id a --mkfs --fsid "$cluster" --monmap monitors --osdmap disks
fi
ceph-mon --id a -f &
if [ ! -e disk ]; then
    mkdir disk
    ceph-osd --id 0 --mkfs
fi
ceph-osd --id 0 -f &
key() { python3 -c 'import json, sys; print(json.load(open("/run/secrets/store_users"))["identities"][0]["credentials"][0][sys.argv[1]])' "$1"; }
access=$(key accessKey)
radosgw-admin user info --uid="$access" > /dev/null 2>&1 \
    || radosgw-admin user create --uid="$access" --display-name="$access" --access-key="$access" --secret-key="$(key secretKey)" > /dev/null
exec radosgw --id rgw -f
