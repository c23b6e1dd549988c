#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Static analysis of plugin/ (its unit tests aside): no compiler may warn, clang-tidy and cppcheck may find nothing.
#
#   sh cmake/analyse.sh [BUILD]        needs gcc, clang, clang-tidy, cppcheck; BUILD is a folder to build in (default build/analysis)
#
# .clang-tidy has clang-tidy's checks, and why others are off.
set -eu

WARNINGS="-Wall -Wextra -Wpedantic -Werror"

NAME=analyse
. "$(dirname "$0")/common.sh"

sources() {
    find plugin -name '*.c' ! -path 'plugin/test/*' | sort
}

# compile NAME COMPILER: as the plugin is built (-Wpedantic is about this code: Wireshark's and GLib's headers are system headers)
compile() {
    have "$2" || die "$2 is missing: apt-get install gcc clang clang-tidy cppcheck"
    cmake -S . -B "$build/$1" -DCMAKE_C_COMPILER="$2" -DCMAKE_C_FLAGS="$WARNINGS" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
        -DBUILD_TESTING=OFF >"$build/$1.log" 2>&1 || die "cmake failed: $(cat "$build/$1.log")"
    echo "== $2 $WARNINGS"
    cmake --build "$build/$1" --parallel "$jobs" >"$build/$1.log" 2>&1 || die "$(grep -A 5 -E 'error|warning' "$build/$1.log")"
}

# What it prints about headers that it passed over is left out.
tidy() {
    have clang-tidy || die "clang-tidy is missing: apt-get install clang-tidy"
    echo "== clang-tidy"
    sources | xargs -P "$jobs" -n 4 clang-tidy -p "$build/clang" --quiet >"$build/tidy.log" 2>"$build/tidy.err" ||
        die "clang-tidy: $(cat "$build/tidy.log" "$build/tidy.err")"
}

# Pointers that could point to const are left: a packet_info and the like are handed on as Wireshark's functions take them, which is
# not const, and GLib and Wireshark say what a callback's parameters are.
# Its description of GLib takes g_ascii_formatd, which writes to its first argument, for a printf.
# Without the system's headers, as cppcheck is made to be used; so it must be told which Wireshark it is.
check() {
    have cppcheck || die "cppcheck is missing: apt-get install cppcheck"
    version=$(pkg-config --modversion wireshark)
    minor=${version#*.}
    echo "== cppcheck"
    # shellcheck disable=SC2046  # a list of files
    cppcheck --quiet --error-exitcode=1 --std=c11 --library=gtk --enable=warning,style,performance,portability -j "$jobs" \
        --suppress=constParameterPointer --suppress=constParameterCallback --suppress=constVariablePointer \
        --suppress=wrongPrintfScanfArgNum:plugin/show/svg.c --suppress=uninitvar:plugin/show/svg.c \
        "-DWIRESHARK_VERSION_MAJOR=${version%%.*}" "-DWIRESHARK_VERSION_MINOR=${minor%%.*}" $(sources) || die "cppcheck: see above"
}

cd "$(dirname "$0")/.."
build=${1:-build/analysis}
mkdir -p "$build"
build=$(cd "$build" && pwd)
jobs=$(nproc)
compile gcc gcc
compile clang clang
check
tidy
