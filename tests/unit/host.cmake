crdtd_add_test(NAME unit_host
  SOURCES
    ${PROJECT_SOURCE_DIR}/tests/unit/host_allocation_test.cpp
    ${PROJECT_SOURCE_DIR}/tests/unit/host_crdt_type_test.cpp
    ${PROJECT_SOURCE_DIR}/tests/unit/host_storage_test.cpp
    ${PROJECT_SOURCE_DIR}/tests/unit/host_plugin_host_test.cpp
  LIBRARIES core_host crdtd::loader
  LABELS unit)
target_compile_definitions(unit_host PRIVATE TINY_PLUGIN_DIRECTORY="${PROJECT_BINARY_DIR}/tests/support/plugins/tiny")
# The same small plugins as the loader's tests; loader.cmake, which comes later in the alphabet, builds them.
add_dependencies(unit_host tiny_good tiny_twin tiny_newer_major tiny_failing_init)
