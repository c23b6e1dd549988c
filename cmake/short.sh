#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The short form of the tests, which cmake/versions.sh --short runs on other versions of Wireshark: what may differ between them.
#
#   sh cmake/short.sh      builds in build/short, and needs no package but those for the build, pytest, scapy and jsonschema
#
# No compiler may warn; the unit tests run plainly (no valgrind, no sanitizers, no fuzzing); of the tests on captures, those of the verdicts
# and the JSON on every capture with keys and without, of the fields and findings in both readings, of ESP in all that may carry it,
# of the profile, of live capture, and of files opened one after the other (without the one that needs valgrind).
set -eu

NAME=short
. "$(dirname "$0")/common.sh"

TESTS="verdict json fields encapsulations profile live reload"
FINDINGS="test_each_finding_is_a_filter_of_its_own test_findings_do_not_depend_on_how_the_capture_is_read"
NEEDS_VALGRIND=test-captures/tests/test_reload.py::test_no_memory_stays_behind
READINGS="v2_flap v1_life_mismatch churn stale"

cd "$(dirname "$0")/.."
begun=$(date +%s)
step() {
    say "$(($(date +%s) - begun)) s: $*"
}

files() {
    for name in $TESTS; do
        printf 'test-captures/tests/test_%s.py ' "$name"
    done
    for name in $FINDINGS; do
        printf 'test-captures/tests/test_ike_findings.py::%s ' "$name"
    done
    for name in $READINGS; do
        printf 'test-captures/tests/test_passes.py::test_what_one_pass_knows_two_passes_repeat[%s] ' "$name"
    done
}

step "The plugin"
cmake -S . -B build/short -DBUILD_TESTING=OFF -DSPISCOPE_WERROR=ON
cmake --build build/short --parallel "$(nproc)"
step "The unit tests"
cmake -S plugin/test -B build/short/unit -DSPISCOPE_VALGRIND=OFF -DSPISCOPE_SANITIZE=OFF -DCMAKE_C_FLAGS=-Werror
cmake --build build/short/unit --parallel "$(nproc)"
(cd build/short/unit && ctest --output-on-failure --parallel "$(nproc)")
step "The tests on captures"
# shellcheck disable=SC2046  # a list of files
SPISCOPE_PLUGIN_DIR=$PWD/build/short/plugins /usr/bin/python3 -m pytest -q -p no:cacheprovider --deselect $NEEDS_VALGRIND \
    $(files)
step "Done"
