# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the scripts beside this file share; each sets NAME, by which it complains, before it reads this.

# Debian's and Ubuntu's packages
# shellcheck disable=SC2034  # used where this is read
BUILD_PACKAGES="tshark wireshark-dev libwireshark-dev libglib2.0-dev gcc libc6-dev make cmake pkg-config"
# shellcheck disable=SC2034
TEST_PACKAGES="python3 python3-pytest python3-scapy python3-jsonschema valgrind jq parallel locales clang libclang-rt-dev clang-tidy \
cppcheck dpkg-dev file lintian wireshark xvfb xclip dbus at-spi2-core python3-gi gir1.2-atspi-2.0"

say() {
    printf '\n== %s\n' "$*"
}

die() {
    printf '%s: %s\n' "$NAME" "$*" >&2
    exit 1
}

is_root() {
    [ "$(id -u)" -eq 0 ]
}

have() {
    command -v "$1" >/dev/null 2>&1
}

missing_packages() {
    for package in "$@"; do
        # pkg-config is a virtual name on newer systems: ask whether anything installed provides it
        if [ "$package" = pkg-config ] && have pkg-config; then
            continue
        fi
        status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || status=
        [ "$status" = installed ] || printf '%s ' "$package"
    done
}

as_root() {
    if is_root; then
        "$@"
    else
        sudo "$@"
    fi
}

# install_missing COMMAND PACKAGE...: with apt-get, after saying so; COMMAND may object once the lists are fetched.
install_missing() {
    check=$1
    shift
    missing=$(missing_packages "$@")
    if [ -z "$missing" ]; then
        say "All packages are installed."
        return
    fi
    missing=${missing% }
    if is_root; then
        say "Installing with apt-get: $missing"
    else
        say "Needs root: runs sudo apt-get install $missing"
        have sudo || die "sudo is missing: as root, run apt-get install --no-install-recommends $missing, then start again."
    fi
    as_root apt-get update -q ||
        die "apt-get update failed (its message is above)."
    "$check"
    # shellcheck disable=SC2086  # a list of package names
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing ||
        die "apt-get could not install: $missing (its message is above)."
}
