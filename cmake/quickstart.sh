#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sets up SPIscope on Debian or Ubuntu.
#
#   sh cmake/quickstart.sh         install what is missing, build, install the plugin, run it on a flapping tunnel
#   sh cmake/quickstart.sh test    install what is missing, build, run all tests (installs no plugin)
#
# Root gets the plugin in Wireshark's own folder, as Wireshark ignores root's personal one; everyone else in theirs.
set -eu

NAME=quickstart
. "$(dirname "$0")/common.sh"

# --- packages --------------------------------------------------------------------------------------------------------

install_packages() {
    if ! have apt-get || ! have dpkg-query; then
        die "this is neither Debian nor Ubuntu (no apt-get): install Wireshark 4.0 or later (tshark), its development" \
            "files, GLib's development files, a C compiler, make, cmake and pkg-config (for the tests also python3, pytest," \
            "scapy, jsonschema, valgrind, jq, GNU parallel, locales, clang, libclang-rt-dev, clang-tidy, cppcheck, wireshark with its window, Xvfb, xclip, D-Bus and AT-SPI with its Python names), then build by hand as in README.md."
    fi
    install_missing refuse_old_package "$@"
}

# Says so before hundreds of megabytes are fetched for nothing.
refuse_old_package() {
    case " $missing " in
    *" tshark "*) ;;
    *) return 0 ;;
    esac
    candidate=$(LC_ALL=C apt-cache policy tshark | sed -n 's/^ *Candidate: //p')
    case $candidate in
    '' | '(none)') die "apt-get offers no tshark: enable the 'main' (Debian) or 'universe' (Ubuntu) component." ;;
    esac
    refuse_old "${candidate#*:}"
}

# --- Wireshark -------------------------------------------------------------------------------------------------------

refuse_old() {
    case $1 in
    [0-3].*) die "Wireshark $1 is too old: SPIscope needs 4.0 or later, which Debian 12 and Ubuntu 24.04 have." ;;
    esac
}

# "4.0.17" of a version such as "TShark (Wireshark) 4.0.17 (Git v4.0.17 packaged as ...)."
tshark_version() {
    tshark --version 2>/dev/null | sed -n '1s/^[^0-9]*\([0-9][0-9.]*[0-9]\).*/\1/p'
}

check_wireshark() {
    have tshark || die "tshark is not in PATH, though it should be installed by now."
    running=$(tshark_version)
    refuse_old "$running"
    headers=$(pkg-config --modversion wireshark 2>/dev/null) ||
        die "Wireshark's development files are missing: pkg-config knows no 'wireshark', which the package" \
            "libwireshark-dev brings."
    [ "${running%.*}" = "${headers%.*}" ] ||
        die "$(command -v tshark) is Wireshark $running, but the development files are those of $headers: a plugin runs only" \
            "with the version that it was built for."
}

# Where Wireshark looks, by its own account: folder_of "Personal Plugins"
folder_of() {
    tshark -G folders 2>/dev/null | sed -n "s/^$1:[[:space:]]*//p"
}

# --- build and install -----------------------------------------------------------------------------------------------

build() {
    say "Building in $PWD/build"
    cmake -S . -B build "$@"
    cmake --build build --parallel "$(nproc)"
}

install_plugin() {
    say "Installing the plugin in $plugins/epan"
    cmake --install build
    tshark -G plugins 2>/dev/null | grep -q '^spiscope\.so' ||
        die "the plugin is in $plugins/epan, but $(command -v tshark) does not load it."
}

show_flapping_tunnel() {
    say "A flapping tunnel: tshark -q -r test-captures/v2_flap.pcap -z spiscope,tunnel -z spiscope,sa"
    tshark -q -r test-captures/v2_flap.pcap -z spiscope,tunnel -z spiscope,sa
    say "Why: tshark -q -r test-captures/v2_flap.pcap -z spiscope,report"
    tshark -q -r test-captures/v2_flap.pcap -z spiscope,report
}

say_what_next() {
    say "Installed. Next:"
    cat <<'END'
On a capture of yours:
    tshark -q -r FILE -z spiscope,report
    tshark -r FILE -Y "spiscope.flapping || spiscope.spi_churn"
With IKE keys it sees lifetimes and proxy IDs too. With keys that are bundled:
    WIRESHARK_CONFIG_DIR=test-captures/v1_life_mismatch.keys \
        tshark -q -r test-captures/v1_life_mismatch.pcap -z spiscope,report
In Wireshark (apt-get install wireshark): open the capture, filter for spiscope.finding,
and see SPIscope in the Statistics menu. README.md lists the fields and findings, and tells how to
give Wireshark your keys.
END
    if [ -d "$profiles/SPIscope" ]; then
        echo 'With the columns and colours for it: wireshark -C SPIscope FILE'
        printf 'To uninstall: rm -r "%s/epan/spiscope.so" "%s/SPIscope"\n' "$plugins" "$profiles"
    else
        printf 'To uninstall: rm "%s/epan/spiscope.so"\n' "$plugins"
    fi
}

quickstart() {
    # shellcheck disable=SC2086  # a list of package names
    install_packages $BUILD_PACKAGES
    check_wireshark
    if is_root; then whose=Global; else whose=Personal; fi
    plugins=$(folder_of "$whose Plugins")
    profiles=$(folder_of "$whose configuration")/profiles
    build -DBUILD_TESTING=OFF -DSPISCOPE_INSTALL_DIR="$plugins" -DSPISCOPE_PROFILE_DIR="$profiles"
    install_plugin
    show_flapping_tunnel
    say_what_next
}

run_tests() {
    # shellcheck disable=SC2086  # lists of package names
    install_packages $BUILD_PACKAGES $TEST_PACKAGES
    check_wireshark
    build -DBUILD_TESTING=ON
    say "Running the tests"
    cd build
    ctest --output-on-failure --parallel "$(nproc)"
}

cd "$(dirname "$0")/.."
case ${1-} in
'') quickstart ;;
test) run_tests ;;
*) die "usage: sh cmake/quickstart.sh [test]" ;;
esac
