#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds SPIscope and tests it on each version of Wireshark that it supports, every one in a Debian of its own.
#
#   sudo sh cmake/versions.sh                  all tests, on 4.0 (Debian 12, bookworm), 4.4 (Debian 13, trixie) and 4.6 (sid)
#   sudo sh cmake/versions.sh 4.4 4.6          only those
#   sudo sh cmake/versions.sh --short [4.4]    the part of the tests that cmake/short.sh runs, all versions at the same time
#
# Exit status:
#   0    all tests passed on all versions
#   1    on one of them the build or a test failed
#   2    wrong usage
#   3    nothing failed, but one of them was "not run", for a reason that is not the tree's: no root, a tool that is missing, a mirror
#        that is out of order, a Debian that has another Wireshark by now. The last lines printed say which, and why.
#
# Each Debian is a folder made by debootstrap, used as a chroot and kept for the next time. What is mounted in it is mounted in a
# namespace of the running command, so that nothing stays mounted, and nothing goes on running, however that ends. Set in the
# environment:
#
#   SPISCOPE_VERSIONS_DIR    where the Debians and logs are (default /var/cache/spiscope)
#   SPISCOPE_MIRROR          where packages come from (default http://deb.debian.org/debian)
#   SPISCOPE_RUN             what runs in the tree, instead of the tests
set -eu

ALL="4.0 4.4 4.6"
SHORT_PACKAGES="python3 python3-pytest python3-scapy python3-jsonschema"
MEGABYTES=2000          # a Debian with the packages for the build and all tests; measured
SHORT_MEGABYTES=900     # with those for the short form
SYSTEM_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
FETCH_SECONDS=1200      # at most, for each step that waits for the mirror; it takes one or two minutes
SHORT_SECONDS=1800      # at most, for the short form's build and tests
WRONG_USAGE=2
NOT_RUN=3

NAME=versions
. "$(dirname "$0")/common.sh"

wrong_usage() {
    echo "usage: sh cmake/versions.sh [--short] [$ALL]" >&2
    exit $WRONG_USAGE
}

suite_of() {
    case $1 in
    4.0) echo bookworm ;;
    4.4) echo trixie ;;
    4.6) echo sid ;;
    *) wrong_usage ;;
    esac
}

# --- what is no fault of the tree ----------------------------------------------------------------------------------------

# Ends the subshell that is about one version; the reason is for the summary.
not_run() {
    echo "not run: $*" | tee "$room/$version.not_run"
    exit $NOT_RUN
}

# Ends everything, before any version is begun.
no_version() {
    echo "Wireshark $versions: not run: $*"
    exit $NOT_RUN
}

check_machine() {
    is_root || no_version "debootstrap and chroot need root: run sudo sh cmake/versions.sh"
    for tool in unshare setpriv chroot tar flock timeout; do
        have "$tool" || no_version "$tool is missing: apt-get install util-linux coreutils tar"
    done
    contained true || no_version "this machine lets root make no namespaces (unshare's message is above)"
    have apt-get && have dpkg-query || have debootstrap || no_version "debootstrap is missing, and there is no apt-get to install it"
    have debootstrap || (install_missing true debootstrap) || no_version "debootstrap could not be installed"
}

# --- a Debian --------------------------------------------------------------------------------------------------------------

# Runs a command in namespaces that end with it and all that it started; and it ends with this script, even if that is killed.
contained() {
    setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child "$@"
}

# in_debian COMMAND [SECONDS]: in the chroot as root, with /proc and /sys, as every machine has; it may take so long, or as long as it likes
in_debian() {
    # shellcheck disable=SC2016  # the shell in there expands it
    contained env -i PATH=$SYSTEM_PATH HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive SPISCOPE_RUN="$run" \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        sh -c 'mount -t proc proc "$0/proc" && mount -t sysfs -o ro sysfs "$0/sys" && timeout --signal KILL "$2" chroot "$0" sh -euc "$1"; exit $?' "$root" "$1" "${2:-0}" </dev/null
}

# step WHAT: for the log
step() {
    say "$(($(date +%s) - begun)) s: $*"
}

# A folder that was not finished has another name, and is made anew.
make_debian() {
    step "debootstrap makes $suite"
    rm -rf --one-file-system "$root.unfinished" || not_run "$root.unfinished, of a run that was interrupted, cannot be removed"
    contained timeout --signal KILL $FETCH_SECONDS debootstrap --variant=minbase "$suite" "$root.unfinished" "$mirror" ||
        not_run "debootstrap could not make $suite from $mirror"
    mv "$root.unfinished" "$root"
}

# The dates of a mirror's index are not checked, as one that is a snapshot is out of date by design. dpkg need not wait for the disk:
# what a loss of power spoils is made anew.
configure() {
    [ ! -e /etc/resolv.conf ] || cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    printf '%s\n' 'Acquire::Check-Valid-Until "false";' 'Acquire::Retries "3";' 'APT::Update::Error-Mode "any";' \
        >"$root/etc/apt/apt.conf.d/spiscope"
    mkdir -p "$root/etc/dpkg/dpkg.cfg.d"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/spiscope"
}

# Goes on where an earlier run may have been interrupted.
upgrade() {
    in_debian 'dpkg --configure -a && apt-get install -q -y --fix-broken && apt-get dist-upgrade -q -y' $FETCH_SECONDS
}

# A kept Debian that apt cannot bring up to date any more is made anew, once the mirror is known to answer.
prepare() {
    was_kept=yes
    [ -d "$root" ] || { was_kept=; make_debian; }
    step "The mirror's lists"
    configure
    in_debian 'apt-get update -q' $FETCH_SECONDS || not_run "apt-get update failed in $suite: $mirror is out of order"
    step "Upgrade"
    if ! upgrade; then
        [ "$was_kept" ] || not_run "apt-get could not bring $suite up to date"
        echo "$root cannot be brought up to date, so it is made anew."
        rm -rf --one-file-system "$root" || not_run "$root cannot be removed"
        prepare
    fi
}

# sid moves on: then it is suite_of that must be changed, and what plugin/README.md says.
check_version() {
    found=$(in_debian "apt-cache policy tshark | sed -n 's/^ *Candidate: //p'")
    case $found in
    "$version".*) ;;
    *) not_run "$suite has Wireshark ${found:-nothing} now, not $version" ;;
    esac
}

install_packages() {
    [ "$packages" ] || return 0
    step "Packages"
    in_debian "apt-get install -q -y --no-install-recommends $packages && apt-get clean" $FETCH_SECONDS ||
        not_run "apt-get could not install in $suite what the tests need"
}

# The tree as it is here, without what was built; an older copy's build folder stays, for make to go on from. What tests that were
# interrupted left in /tmp goes.
copy_tree() {
    home=$root/srv/spiscope
    mkdir -p "$home"
    find "$root/tmp" -xdev -mindepth 1 -delete
    [ ! -d "$home/main/build" ] || mv "$home/main/build" "$home/build"
    rm -rf --one-file-system "$home/main"
    mkdir "$home/main"
    tar --exclude=./build --exclude=./.git --exclude=__pycache__ -cf - . | tar -xof - -C "$home/main"
    [ ! -d "$home/build" ] || mv "$home/build" "$home/main/build"
}

# --- a version -------------------------------------------------------------------------------------------------------------

# All for one version; what it prints is the log.
build_and_test() {
    prepare
    check_version
    install_packages
    copy_tree
    step "$run"
    # shellcheck disable=SC2016  # the shell in there expands it
    in_debian 'cd /srv/spiscope/main && sh -c "$SPISCOPE_RUN" && tshark --version | head -n 1' "$run_seconds"
    step "Passed"
}

# try_version VERSION: writes its line of the summary into $room/$version.outcome, and prints it
try_version() {
    version=$1
    suite=$(suite_of "$version")
    root=$cache/$suite
    log=$cache/$version.log
    begun=$(date +%s)
    # Two runs in one Debian would spoil each other's
    exec 9>"$root.lock"
    if ! flock -n 9; then
        echo "$version $suite: not run: another run uses $root" | tee "$room/$version.outcome"
        return
    fi
    # A subshell of its own, which `wait` is for, keeps `set -e` working in it; an `if` would switch it off
    (build_and_test) >"$log" 2>&1 &
    built=$!
    trap 'kill $built 2>/dev/null; exit 1' TERM
    status=0
    wait $built || status=$?
    [ $status -eq 0 ] || tail -n 40 "$log"
    outcome "$status" | tee "$room/$version.outcome"
}

outcome() {
    seconds=$(($(date +%s) - begun))
    if [ -e "$room/$version.not_run" ]; then
        echo "$version $suite: $(cat "$room/$version.not_run") (after $seconds s)"
    elif [ "$1" -ne 0 ]; then
        echo "$version $suite: FAILED after $seconds s; log: $log"
    else
        echo "$version $suite: passed after $seconds s; $(sed -n 's/^TShark (Wireshark) \([^ ]*\).*/Wireshark \1/p
            /tests passed/p;/^[0-9]* passed/p' "$log" | tail -n 3 | tr '\n' ';')"
    fi
}

say_what_comes() {
    say "Builds and tests on Wireshark $versions, each in a Debian of its own in $cache"
    for version in $versions; do
        root=$cache/$(suite_of "$version")
        if [ -d "$root" ]; then
            printf '%s: %s is there, and is brought up to date; log: %s\n' "$version" "$root" "$cache/$version.log"
        else
            printf '%s: makes %s from %s, about %s MB on the disk when all packages are in; log: %s\n' "$version" "$root" "$mirror" \
                "$megabytes" "$cache/$version.log"
        fi
    done
    echo "To get the disk space back: rm -r --one-file-system $cache"
}

# All tests use all processors, so one version comes after the other; much of the short form is waiting, so there all go together.
try_versions() {
    running=
    trap 'kill $running 2>/dev/null; exit 1' HUP INT TERM
    for version in $versions; do
        try_version "$version" &
        running="$running $!"
        [ "$short" ] || wait $! || :
    done
    wait
    trap - HUP INT TERM
}

# The summary, and the exit status
sum_up() {
    say "In all:"
    for version in $versions; do
        cat "$room/$version.outcome" 2>/dev/null || echo "$version: FAILED, with no word why"
    done >"$room/summary"
    cat "$room/summary"
    ! grep -q '^[^:]*: FAILED' "$room/summary" || exit 1
    ! grep -q '^[^:]*: not run' "$room/summary" || exit $NOT_RUN
}

cd "$(dirname "$0")/.."
short=
if [ "${1-}" = --short ]; then
    short=yes
    shift
fi
# shellcheck disable=SC2086  # a list of versions
[ $# -gt 0 ] || set -- $ALL
versions=$*
for version in "$@"; do
    suite_of "$version" >/dev/null
done
cache=${SPISCOPE_VERSIONS_DIR:-/var/cache/spiscope}
mirror=${SPISCOPE_MIRROR:-http://deb.debian.org/debian}
megabytes=$MEGABYTES
run_seconds=0
packages="$BUILD_PACKAGES $TEST_PACKAGES"
run="sh cmake/quickstart.sh test"
if [ "$short" ]; then
    megabytes=$SHORT_MEGABYTES
    packages="$BUILD_PACKAGES $SHORT_PACKAGES"
    run="sh cmake/short.sh"
    run_seconds=$SHORT_SECONDS
fi
if [ "${SPISCOPE_RUN-}" ]; then
    packages=
    run=$SPISCOPE_RUN
fi
check_machine
say_what_comes
mkdir -p "$cache"
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
try_versions
sum_up
