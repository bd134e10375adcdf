# The real crdtctl: on plugins, against a running server, and on the store that the server left.
find_package(RapidJSON REQUIRED)
find_package(SQLite3 REQUIRED)
crdtd_add_test(NAME integration_ctl
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/ctl_plugin_test.cpp ${CMAKE_CURRENT_SOURCE_DIR}/ctl_doc_test.cpp
  LIBRARIES crdtd_test_server SQLite::SQLite3 LABELS integration)
target_include_directories(integration_ctl SYSTEM PRIVATE ${RapidJSON_INCLUDE_DIRS})
target_compile_definitions(integration_ctl PRIVATE
  CRDTD_TEST_CRDTCTL="$<TARGET_FILE:crdtctl>" TINY_PLUGIN_DIRECTORY="${PROJECT_BINARY_DIR}/tests/support/plugins/tiny"
  LAW_BREAKER_DIRECTORY="${PROJECT_BINARY_DIR}/tests/conformance/breakers/plugins")
add_dependencies(integration_ctl crdtd crdtctl lww orset memory sqlite law_breakers tiny_good tiny_failing_init tiny_newer_major)
