#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs the .deb, runs it, upgrades, removes and purges it: all must work, and nothing may stay. As it changes the system, it is
# for a Debian of its own:
#
#   sudo SPISCOPE_RUN='sh cmake/test/package_cycle.sh' sh cmake/versions.sh
#
# It is upgraded from an older version's number of the same tree; or from the tree in an archive that lies in this one:
#
#   git archive -o older.tar 4d80a1e                                   0.1.0
#   sudo SPISCOPE_RUN='sh cmake/test/package_cycle.sh older.tar' sh cmake/versions.sh
set -eu

PACKAGES="tshark wireshark-dev libwireshark-dev libglib2.0-dev gcc libc6-dev make cmake pkg-config dpkg-dev file"
PACKAGE=wireshark-spiscope
CAPTURE=test-captures/v2_flap.pcap

NAME=package_cycle
. "$(dirname "$0")/../common.sh"

# make_deb FOLDER: builds the tree that is there, and says where the package is
make_deb() {
    cmake -S "$1" -B "$1/build" -DBUILD_TESTING=OFF >"$room/log"
    cmake --build "$1/build" --parallel "$(nproc)" >"$room/log" || die "$(cat "$room/log")"
    (cd "$1/build" && cpack >"$room/log" 2>&1) || die "$(cat "$room/log")"
    ls "$1/build/"*.deb
}

version_of() {
    sed -n 's/^set(SPISCOPE_VERSION \(.*\))/\1/p' "$1/plugin/version.cmake"
}

# All files but those of apt and dpkg themselves, and ours
files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /tmp -o -path /srv -o -path /var/lib/dpkg -o -path /var/lib/apt \
        -o -path /var/cache -o -path /var/log \) -prune -o -print | sort
}

expect_version() {
    tshark -G plugins | grep "^spiscope\.so[[:space:]]*$1[[:space:]]*dissector" || die "tshark does not load version $1."
    tshark -r $CAPTURE -Y spiscope.flapping | grep flapping || die "$CAPTURE shows no flapping."
}

expect_nothing() {
    ! tshark -G plugins | grep spiscope || die "tshark still loads it."
    files >"$room/after"
    diff "$room/before" "$room/after" || die "the files above came or went."
}

cd "$(dirname "$0")/../.."
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # a list of package names
install_missing true $PACKAGES
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
chmod 755 "$room"
mkdir "$room/older" "$room/newer"
tar --exclude=./build ${1:+--exclude="./$1"} -cf - . | tar -xf - -C "$room/newer"
if [ $# -gt 0 ]; then
    tar -xf "$1" -C "$room/older"
else
    cp -R "$room/newer/." "$room/older"
    sed -i "s/^set(SPISCOPE_VERSION .*/set(SPISCOPE_VERSION 0.0.9)/" "$room/older/plugin/version.cmake"
fi
older=$(make_deb "$room/older")
newer=$(make_deb "$room/newer")
files >"$room/before"
for end in remove purge; do
    say "Install"
    apt-get install -q -y --no-install-recommends "$older"
    expect_version "$(version_of "$room/older")"
    say "Upgrade"
    apt-get install -q -y --no-install-recommends "$newer"
    expect_version "$(version_of "$room/newer")"
    [ -z "$(dpkg --verify $PACKAGE)" ] || die "dpkg --verify $PACKAGE: $(dpkg --verify $PACKAGE)"
    say "$end"
    apt-get "$end" -q -y $PACKAGE
    expect_nothing
done
[ -z "$(dpkg-query -W $PACKAGE 2>/dev/null)" ] || die "dpkg still knows it: $(dpkg-query -W $PACKAGE)"
say "Installed, upgraded, removed and purged: nothing is left."
