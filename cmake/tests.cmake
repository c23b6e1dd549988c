# SPDX-License-Identifier: GPL-2.0-or-later
#
# What ctest runs beside the unit tests of plugin/test.

# The system's Python comes first: one that a user put before it in PATH often lacks Debian's pytest, scapy and jsonschema.
set(SPISCOPE_PYTHON /usr/bin/python3)
foreach(candidate /usr/bin/python3 python3)
    execute_process(COMMAND ${candidate} -c "import pytest, scapy, jsonschema" RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
    if(result EQUAL 0)
        set(SPISCOPE_PYTHON ${candidate})
        break()
    endif()
endforeach()
if(NOT result EQUAL 0)
    message(WARNING "The tests need a python3 with pytest, scapy and jsonschema (python3-pytest, python3-scapy, python3-jsonschema): without it they will fail.")
endif()

set(pytest ${SPISCOPE_PYTHON} -m pytest -q -p no:cacheprovider)

# quickstart.sh runs as many tests at once as there are processors. Those that use all of them say so (PROCESSORS) and come first
# (COST), so that no processor waits for them; then the longest of the others. No two tests write to the same folder.
include(ProcessorCount)
ProcessorCount(processors)
if(processors EQUAL 0)
    set(processors 1)
endif()
set(tests ${PROJECT_SOURCE_DIR}/test-captures/tests)

# Three tests, as one would be the last to end by far: a look at every capture (ctest -L quick), what the outputs say, and what each
# packet shows. What tshark said of a capture to one of them, the others read from a folder that lasts as long as one ctest.
# test_verdict.py compares the README's table of verdicts (cmake/verdicts.py) with new runs, too.
function(test_files result)
    set(files)
    foreach(name IN LISTS ARGN)
        list(APPEND files ${tests}/test_${name}.py)
    endforeach()
    set(${result} ${files} PARENT_SCOPE)
endfunction()
test_files(quick captures churn nat one_way parallel sa_table sequence synthetic_ike verdict)
test_files(outputs attribution batch healthy json keyless_bounds live profile reload secrets timeline words)
test_files(window window)
set(others)
foreach(file IN LISTS quick outputs window)
    list(APPEND others --ignore=${file})
endforeach()
set(results ${PROJECT_BINARY_DIR}/test-results)
add_test(NAME captures.begin COMMAND ${CMAKE_COMMAND} -E rm -rf ${results})
add_test(NAME captures.end COMMAND ${CMAKE_COMMAND} -E rm -rf ${results})
set_tests_properties(captures.begin PROPERTIES FIXTURES_SETUP captures)
set_tests_properties(captures.end PROPERTIES FIXTURES_CLEANUP captures)
add_test(NAME captures.quick COMMAND ${pytest} ${quick})
add_test(NAME captures.outputs COMMAND ${pytest} ${outputs})
add_test(NAME captures.packets COMMAND ${pytest} ${tests} ${others})
set_tests_properties(captures.quick captures.outputs captures.packets PROPERTIES LABELS captures TIMEOUT 3600 COST 600 FIXTURES_REQUIRED captures
    ENVIRONMENT "SPISCOPE_PLUGIN_DIR=${SPISCOPE_PLUGIN_DIR};SPISCOPE_TEST_RESULTS=${results}")
set_tests_properties(captures.quick PROPERTIES LABELS "captures;quick" COST 700)

# Wireshark's window, in an X server without a screen; with nothing beside it, as somebody who clicks has
add_test(NAME window COMMAND ${pytest} ${window})
set_tests_properties(window PROPERTIES TIMEOUT 300 COST 900 PROCESSORS ${processors} ENVIRONMENT "SPISCOPE_PLUGIN_DIR=${SPISCOPE_PLUGIN_DIR}")

# Counts instructions under valgrind; plugin/test/bench/limits.py says what may cost how much.
add_test(NAME bench COMMAND ${pytest} ${PROJECT_SOURCE_DIR}/plugin/test/bench)
set_tests_properties(bench PROPERTIES TIMEOUT 1800 COST 1000 PROCESSORS ${processors} ENVIRONMENT "SPISCOPE_PLUGIN_DIR=${SPISCOPE_PLUGIN_DIR}")

add_test(NAME quickstart COMMAND ${pytest} ${PROJECT_SOURCE_DIR}/cmake/test/test_quickstart.py)
add_test(NAME versions COMMAND ${pytest} ${PROJECT_SOURCE_DIR}/cmake/test/test_versions.py)
set_tests_properties(quickstart versions PROPERTIES TIMEOUT 300)

# The .deb; installing it is for cmake/test/package_cycle.sh
add_test(NAME package COMMAND ${pytest} ${PROJECT_SOURCE_DIR}/cmake/test/test_package.py)
set_tests_properties(package PROPERTIES TIMEOUT 900 COST 90 ENVIRONMENT "SPISCOPE_PACKAGE_BUILD=${PROJECT_BINARY_DIR}/package")

# gcc and clang without a warning, clang-tidy, cppcheck. Where gcc is the compiler, it has built the package without a warning.
add_test(NAME analysis COMMAND sh ${PROJECT_SOURCE_DIR}/cmake/analyse.sh ${PROJECT_BINARY_DIR}/analysis)
set_tests_properties(analysis PROPERTIES TIMEOUT 1800 COST 900 PROCESSORS ${processors})
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    set_tests_properties(analysis PROPERTIES ENVIRONMENT SPISCOPE_ANALYSIS_WITHOUT_GCC=1)
endif()

add_test(NAME catalogue COMMAND ${SPISCOPE_PYTHON} ${PROJECT_SOURCE_DIR}/cmake/catalogue.py --check)
add_test(NAME documents COMMAND ${pytest} ${PROJECT_SOURCE_DIR}/cmake/test/test_documents.py)
set_tests_properties(catalogue documents PROPERTIES TIMEOUT 60)

# A short run of the fuzzing that plugin/test/fuzz is for. clang's runtime is no library that can be loaded before tshark.
set(fuzz ${PROJECT_SOURCE_DIR}/plugin/test/fuzz)
if(TARGET spiscope_sanitized AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    add_test(NAME fuzz.captures COMMAND ${SPISCOPE_PYTHON} ${fuzz}/captures.py --no-shared --seed 1 --runs 50 --jobs 2 --limit 120
        --plugins ${PROJECT_BINARY_DIR}/plugins-sanitized --keep ${PROJECT_BINARY_DIR}/fuzz-kept)
    set_tests_properties(fuzz.captures PROPERTIES LABELS fuzz TIMEOUT 1800 COST 800 PROCESSORS 2)
endif()
add_custom_target(fuzz_seeds COMMAND ${SPISCOPE_PYTHON} ${fuzz}/seeds.py ${PROJECT_BINARY_DIR}/plugins-recorder ${PROJECT_BINARY_DIR}/fuzz-seeds
    DEPENDS spiscope_recorder VERBATIM)
