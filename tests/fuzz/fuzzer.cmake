# crdtd_fuzzer(<name> MAX_LEN <bytes> [SOURCE fuzz_x.cpp] [DICTIONARY <name>] [ALSO <sources>…] [LIBRARIES …] [INCLUDES …]
#              [DEFINITIONS …])
#
# One program fuzz_<name>, one CTest entry, one line in fuzzers.txt (for `make fuzz`). Its inputs are corpus/<name>/ and
# regressions/<name>/. ALSO: sources of a part whose whole library would take the network or the loader along.
add_custom_target(fuzzers)
function(crdtd_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 FUZZER "" "MAX_LEN;SOURCE;DICTIONARY" "ALSO;LIBRARIES;INCLUDES;DEFINITIONS")
  if(NOT FUZZER_SOURCE)
    set(FUZZER_SOURCE fuzz_${name}.cpp)
  endif()
  list(TRANSFORM FUZZER_ALSO PREPEND ${PROJECT_SOURCE_DIR}/)
  list(TRANSFORM FUZZER_INCLUDES PREPEND ${PROJECT_SOURCE_DIR}/)
  add_executable(fuzz_${name} EXCLUDE_FROM_ALL ${FUZZER_SOURCE} ${FUZZER_ALSO})
  target_link_libraries(fuzz_${name} PRIVATE crdtd_build ${FUZZER_LIBRARIES})
  target_include_directories(fuzz_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${FUZZER_INCLUDES})
  target_compile_definitions(fuzz_${name} PRIVATE ${FUZZER_DEFINITIONS})
  target_compile_options(fuzz_${name} PRIVATE -fsanitize-ignorelist=${CMAKE_CURRENT_SOURCE_DIR}/ignored.txt)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers fuzz_${name})
  set(arguments ${name} ${FUZZER_MAX_LEN} ${FUZZER_DICTIONARY})
  add_test(NAME fuzz_${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/run.sh ${CMAKE_BINARY_DIR} ${arguments})
  set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz TIMEOUT 900)
  list(JOIN arguments " " line)
  set_property(GLOBAL APPEND_STRING PROPERTY CRDTD_FUZZERS "${line}\n")
endfunction()

# crdtd_fuzz_type(<name>): the three fuzzers of a CRDT type, from types/<name>.hpp.
function(crdtd_fuzz_type type)
  foreach(kind merge ops trace)
    set(max_len 250)
    if(kind STREQUAL trace)
      set(max_len 64)  # the slow models see all of it again with each step
    endif()
    crdtd_fuzzer(${kind}_${type} SOURCE fuzz_type_${kind}.cpp MAX_LEN ${max_len} LIBRARIES crdtd::plugin crdtd::wire
      INCLUDES tests/support plugins/crdt DEFINITIONS CRDTD_FUZZED_TYPE="types/${type}.hpp")
  endforeach()
  set_tests_properties(fuzz_trace_${type} PROPERTIES COST 100)  # the longest begin first
endfunction()
