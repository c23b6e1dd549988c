#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Static analysis of plugin/: no compiler may warn, cppcheck and clang-tidy may find nothing. Its tests are not shown to clang-tidy:
# their numbers are examples, and their assertions are macros.
#
#   sh cmake/analyse.sh [BUILD]        needs gcc, clang, clang-tidy, cppcheck; BUILD is a folder to build in (default build/analysis)
#
# .clang-tidy has clang-tidy's checks, and why others are off. cppcheck's are all on but unusedFunction, missingInclude
# and information, which are about whole programs and its own run; what it gets wrong is named in its line.
#
# The compilers are whatever is there. cppcheck and clang-tidy are those of Debian 12, where .ci/run has them: each later version has new checks
# and other opinions of the same code. Elsewhere it says that they were left out.
#
# SPISCOPE_ANALYSIS_WITHOUT_GCC=1 leaves out that gcc builds the plugin without a warning: ctest's package is built so.
# SPISCOPE_ANALYSER_NODES=225000 follows a function's paths as far as clang's analyzer does of its own accord (max-nodes): seven times the
# time, nearly all of it for the few functions that have more paths than that.
set -eu

CLANG_TIDY="version 14."
CPPCHECK="Cppcheck 2.10"
WARNINGS="-Wall -Wextra -Wpedantic -Werror"

NAME=analyse
. "$(dirname "$0")/common.sh"

# is_ours TOOL VERSION: whether the tool says that it is of that version
is_ours() {
    have "$1" || die "$1 is missing: apt-get install gcc clang clang-tidy cppcheck"
    case $("$1" --version) in
    *"$2"*) echo "== $1" ;;
    *)
        echo "== $1: left out, as it is not Debian 12's ($2)"
        return 1
        ;;
    esac
}

sources() {
    find plugin -name '*.c' ! -path 'plugin/test/*' | sort
}

tests() {
    find plugin/test -name '*.c' | sort
}

# compile NAME COMPILER [OPTION...]: as the plugin is built (-Wpedantic is about this code: Wireshark's and GLib's headers are system headers)
compile() {
    have "$2" || die "$2 is missing: apt-get install gcc clang clang-tidy cppcheck"
    echo "== $2 $WARNINGS"
    folder=$build/$1
    compiler=$2
    shift 2
    cmake -S . -B "$folder" -DCMAKE_C_COMPILER="$compiler" -DCMAKE_C_FLAGS="$WARNINGS" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
        -DBUILD_TESTING=OFF "$@" >"$folder.log" 2>&1 || die "cmake failed: $(cat "$folder.log")"
    cmake --build "$folder" --parallel "$jobs" >"$folder.log" 2>&1 || die "$(grep -A 5 -E 'error|warning' "$folder.log")"
}

# compile_tests COMPILER HOW: gcc optimizes, as some of its warnings come only then, and clang's come before
# (Wireshark's and GLib's headers are system headers here too)
compile_tests() {
    headers=$(pkg-config --cflags wireshark glib-2.0 gmodule-2.0 | sed 's/-I/-isystem /g')
    echo "== $1 $WARNINGS, tests"
    # shellcheck disable=SC2086  # a list of words
    tests | xargs -P "$jobs" -I{} "$1" -std=gnu11 $2 $WARNINGS -Iplugin -Iplugin/test $headers '-DSPISCOPE_VERSION="0"' {} ||
        die "$1: see above"
}

# What it prints about headers that it passed over is left out. A file is not looked at again while it, the headers that it includes, the
# checks and clang-tidy are what they were when nothing was found: this takes two thirds of the whole analysis.
tidy() {
    is_ours clang-tidy "$CLANG_TIDY" || return 0
    mkdir -p "$build/tidied"
    headers=$(pkg-config --cflags wireshark glib-2.0 gmodule-2.0)
    nodes="--extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=max-nodes=${SPISCOPE_ANALYSER_NODES:-50000}"
    version=$(clang-tidy --version)
    export build headers nodes version
    # shellcheck disable=SC2016  # for the inner shell
    sources | xargs -P "$jobs" -I{} sh -c '
        preprocessed=$(clang -E -C -std=gnu11 -Iplugin $headers "-DSPISCOPE_VERSION=\"0\"" "$1") || exit 1
        sum=$({ echo "$nodes"; cat .clang-tidy "$build/clang/compile_commands.json"; echo "$version$preprocessed"; } | sha256sum | cut -d " " -f 1)
        [ -e "$build/tidied/$sum" ] || { clang-tidy -p "$build/clang" --quiet $nodes "$1" && touch "$build/tidied/$sum"; }
    ' tidy {} >"$build/tidy.log" 2>"$build/tidy.err" || die "clang-tidy: $(cat "$build/tidy.log" "$build/tidy.err")"
}

# Without the system's headers, as cppcheck is made to be used; so it must be told which Wireshark it is.
check() {
    is_ours cppcheck "$CPPCHECK" || return 0
    version=$(pkg-config --modversion wireshark)
    minor=${version#*.}
    # shellcheck disable=SC2046  # a list of files
    cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --library=gtk --enable=warning,style,performance,portability -j "$jobs" \
        "-DWIRESHARK_VERSION_MAJOR=${version%%.*}" "-DWIRESHARK_VERSION_MINOR=${minor%%.*}" \
        "-DUAT_CSTRING_CB_DEF(row,member,type)=" "-DUAT_DEC_CB_DEF(row,member,type)=" $(sources) $(tests) || die "cppcheck: see above"
}

cd "$(dirname "$0")/.."
build=${1:-build/analysis}
mkdir -p "$build"
build=$(cd "$build" && pwd)
jobs=$(nproc)
# clang warns before it optimizes
[ "${SPISCOPE_ANALYSIS_WITHOUT_GCC:-}" ] || compile gcc gcc
compile clang clang -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS_DEBUG=-O0 -DNDEBUG"
compile_tests gcc "-O2 -c -o /dev/null"
compile_tests clang -fsyntax-only
check
tidy
