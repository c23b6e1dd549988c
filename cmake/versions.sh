#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds SPIscope and runs all its tests on each version of Wireshark that it supports, every one in a Debian of its own.
#
#   sudo sh cmake/versions.sh              4.0 (Debian 12, bookworm), 4.4 (Debian 13, trixie) and 4.6 (sid)
#   sudo sh cmake/versions.sh 4.4 4.6      only those
#
# Each Debian is a folder made by debootstrap, used as a chroot and kept for the next time. What is mounted in it is mounted in a
# namespace of the running command, so that nothing stays mounted however that ends. Set in the environment:
#
#   SPISCOPE_VERSIONS_DIR    where the Debians and logs are (default /var/cache/spiscope)
#   SPISCOPE_MIRROR          where packages come from (default http://deb.debian.org/debian)
#   SPISCOPE_RUN             what runs in the tree (default sh cmake/quickstart.sh test)
set -eu

ALL="4.0 4.4 4.6"
MEGABYTES=2000          # a Debian with the packages for the build and the tests; measured
SYSTEM_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

NAME=versions
. "$(dirname "$0")/common.sh"

suite_of() {
    case $1 in
    4.0) echo bookworm ;;
    4.4) echo trixie ;;
    4.6) echo sid ;;
    *) die "usage: sh cmake/versions.sh [$ALL]" ;;
    esac
}

check_machine() {
    is_root || die "debootstrap and chroot need root: run sudo sh cmake/versions.sh"
    for tool in debootstrap unshare chroot tar; do
        have "$tool" || die "$tool is missing: apt-get install debootstrap util-linux coreutils tar"
    done
}

say_what_comes() {
    say "Builds and tests on Wireshark $*, each in a Debian of its own in $cache"
    for version in "$@"; do
        root=$cache/$(suite_of "$version")
        if [ -d "$root" ]; then
            printf '%s: %s is there, and is brought up to date\n' "$version" "$root"
        else
            printf '%s: makes %s from %s, about %s MB on the disk when all packages are in\n' "$version" "$root" "$mirror" $MEGABYTES
        fi
    done
    echo "To get the disk space back: rm -r --one-file-system $cache"
}

# A folder that was not finished has another name, and is made anew.
make_debian() {
    rm -rf --one-file-system "$1.unfinished"
    debootstrap --variant=minbase "$2" "$1.unfinished" "$mirror" || die "debootstrap could not make $2 (its message is above)."
    mv "$1.unfinished" "$1"
}

# in_debian ROOT COMMAND: as root, with /proc, in namespaces that end with the command and all that it started
in_debian() {
    # shellcheck disable=SC2016  # the shell in there expands it
    env -i PATH=$SYSTEM_PATH HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive SPISCOPE_RUN="$run" \
        unshare --mount --propagation private --pid --fork --kill-child \
        sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" sh -euc "$1"' "$1" "$2" </dev/null
}

# The tree as it is here, without what was built; an older copy's build folder stays, for make to go on from.
copy_tree() {
    mkdir -p "$1/srv/spiscope"
    [ ! -d "$1/srv/spiscope/main/build" ] || mv "$1/srv/spiscope/main/build" "$1/srv/spiscope/build"
    rm -rf --one-file-system "$1/srv/spiscope/main"
    mkdir "$1/srv/spiscope/main"
    tar --exclude=./build --exclude=./.git --exclude=__pycache__ -cf - . | tar -xof - -C "$1/srv/spiscope/main"
    [ ! -d "$1/srv/spiscope/build" ] || mv "$1/srv/spiscope/build" "$1/srv/spiscope/main/build"
}

# The dates of a mirror's index are not checked, as one that is a snapshot is out of date by design.
prepare() {
    cp -L /etc/resolv.conf "$1/etc/resolv.conf"
    echo 'Acquire::Check-Valid-Until "false";' >"$1/etc/apt/apt.conf.d/spiscope"
    in_debian "$1" 'apt-get update -q && apt-get dist-upgrade -q -y && apt-get clean'
}

check_version() {
    found=$(in_debian "$1" "apt-cache policy tshark | sed -n 's/^ *Candidate: //p'")
    case $found in
    "$2".*) ;;
    *) die "$(basename "$1") has Wireshark $found, not $2." ;;
    esac
}

# All for one version; what it prints is the log.
build_and_test() {
    suite=$(suite_of "$1")
    root=$cache/$suite
    [ -d "$root" ] || make_debian "$root" "$suite"
    prepare "$root"
    check_version "$root" "$1"
    copy_tree "$root"
    # shellcheck disable=SC2016  # the shell in there expands it
    in_debian "$root" 'cd /srv/spiscope/main && sh -c "$SPISCOPE_RUN" && tshark --version | head -n 1'
}

# Sets $outcome
try_version() {
    log=$cache/$1.log
    begun=$(date +%s)
    say "Wireshark $1 (log: $log)"
    # A subshell of its own keeps `set -e` working in it, which an `if` would switch off
    set +e
    (set -e; build_and_test "$1") >"$log" 2>&1
    status=$?
    set -e
    [ $status -eq 0 ] || tail -n 40 "$log"
    case $status in 0) outcome=passed ;; *) outcome=FAILED; failed=yes ;; esac
    outcome="$1 $(suite_of "$1"): $outcome after $(($(date +%s) - begun)) s; $(sed -n 's/^TShark (Wireshark) \([^ ]*\).*/\1/p;/tests passed/p' \
        "$log" | tail -n 2 | tr '\n' ' ')"
    echo "$outcome"
}

cd "$(dirname "$0")/.."
# shellcheck disable=SC2086  # a list of versions
[ $# -gt 0 ] || set -- $ALL
for version in "$@"; do
    suite_of "$version" >/dev/null
done
check_machine
cache=${SPISCOPE_VERSIONS_DIR:-/var/cache/spiscope}
mirror=${SPISCOPE_MIRROR:-http://deb.debian.org/debian}
run=${SPISCOPE_RUN:-sh cmake/quickstart.sh test}
say_what_comes "$@"
mkdir -p "$cache"
failed=
summary=
for version in "$@"; do
    try_version "$version"
    summary="$summary$outcome
"
done
say "In all:"
printf '%s' "$summary"
[ -z "$failed" ]
