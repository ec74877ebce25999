#!/bin/sh
# Installs Nagarvani from its wheel, or another version over it: a user, folders, a virtual environment with the locked
# packages, the settings with a secret key, and the units of systemd. It starts nothing, and running it again is fine.
# As root, in the unpacked release, or a checkout of the same version:
#   deploy/install.sh dist/nagarvani-0.2.0-py3-none-any.whl
# PYTHON=python3.12 chooses the Python, as in `make`; LOCK=sandbox brings the packages of rehearsals too.
# For a test ROOT=/tmp/tree lays everything below that folder, and RUNS_AS names a user that exists.
set -eu
umask 022

root=${ROOT:-}
user=${RUNS_AS:-nagarvani}
program=$root/opt/nagarvani/venv
data=$root/var/lib/nagarvani
copies=$root/var/cache/nagarvani
backups=$root/var/backups/nagarvani
settings=$root/etc/nagarvani/nagarvani.env
units=$root/etc/systemd/system
commands=$root/usr/local/sbin
python=${PYTHON:-python3}
here=$(cd "$(dirname "$0")" && pwd)
lock=$here/../requirements/${LOCK:-run}.txt

fail() {
    echo "$1" >&2
    exit 1
}

[ "$#" -eq 1 ] || fail "Name the wheel: deploy/install.sh dist/nagarvani-0.2.0-py3-none-any.whl"
wheel=$1
[ -f "$wheel" ] || fail "$wheel is not here: docs/running.md says how it is built."
[ -f "$lock" ] || fail "$lock is not here: the lock file of the same version belongs beside this script."
[ "$(id -u)" -eq 0 ] || fail "Only root can add a user and write to /opt: sudo $0 $wheel"
"$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is older than 3.11 or cannot make virtual environments: apt-get install python3 python3-venv"

getent passwd "$user" >/dev/null ||
    useradd --system --user-group --home-dir "$data" --no-create-home --shell /usr/sbin/nologin "$user"
group=$(id -gn "$user")
# Before anything is fetched: root's own Python, as pyenv's below /root, is nobody else's.
own=$("$python" -c 'import sys; print(sys.executable)')
runuser -u "$user" -- "$own" -c '' 2>/dev/null ||
    fail "The user $user cannot run $own: may everybody enter its folders? Else run this again with PYTHON=/usr/bin/python3"
install -d -m 0700 -o "$user" -g "$group" "$data" "$copies" "$backups"
install -d -m 0750 -o root -g "$group" "$(dirname "$settings")"

# All of it belongs to root: the product never writes to its own files. With another Python it is made anew.
which='import sys; print(sys.base_prefix, sys.version_info[:2])'
[ "$("$program/bin/python" -c "$which" 2>/dev/null)" = "$("$python" -c "$which")" ] ||
    "$python" -m venv --clear "$program"
"$program/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock" ||
    fail "The packages could not be fetched. Without a package index: docs/running.md, Without a package index"
"$program/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$wheel"
runuser -u "$user" -- "$program/bin/nagarvani" --help >/dev/null ||
    fail "The user $user cannot run $program/bin/nagarvani: may everybody enter its folders?"

if [ ! -e "$settings" ]; then
    new=$(mktemp "$settings.XXXXXX")
    secret=$("$program/bin/python" -c 'import secrets; print(secrets.token_hex(32))')
    sed -e "s|^#NAGARVANI_SECRET_KEY=.*|NAGARVANI_SECRET_KEY=$secret|" \
        -e "s|^#NAGARVANI_DATABASE_URL=.*|NAGARVANI_DATABASE_URL=sqlite:///$data/var/nagarvani.db|" \
        -e "s|^#NAGARVANI_MEDIA_DIR=.*|NAGARVANI_MEDIA_DIR=$data/media|" \
        -e 's|^#NAGARVANI_TRUSTED_PROXIES=.*|NAGARVANI_TRUSTED_PROXIES=1|' \
        "$here/../.env.example" >"$new"
    chown "root:$group" "$new"
    chmod 0640 "$new"
    mv "$new" "$settings"
fi
ln -sfn "$settings" "$data/.env"

install -d -m 0755 "$commands"
install -m 0755 "$here/nagarvani" "$commands/nagarvani"
if [ -d "$units" ]; then
    install -m 0644 "$here"/systemd/nagarvani-*.service "$here"/systemd/nagarvani-*.timer "$units"
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
fi

cat <<END
Nagarvani is in $program. Next (docs/running.md, "On one machine, step by step"):
  1. write the settings in $settings, and keep a copy of NAGARVANI_SECRET_KEY elsewhere
  2. nagarvani init && nagarvani doctor, which marks by "next" what is still to be done
  3. systemctl enable --now nagarvani-web@1 nagarvani-web@2 nagarvani-clock@1 nagarvani-backup.timer
Over another version: stop the services before this script, and run "nagarvani init" before they start again.
END
