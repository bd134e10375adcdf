find_package(OpenSSL REQUIRED COMPONENTS Crypto)
add_subdirectory(${PROJECT_SOURCE_DIR}/tests/support/plugins ${PROJECT_BINARY_DIR}/tests/support/plugins)
crdtd_add_test(NAME unit_loader
  SOURCES
    ${PROJECT_SOURCE_DIR}/tests/unit/loader_elf_gate_test.cpp
    ${PROJECT_SOURCE_DIR}/tests/unit/loader_manifest_test.cpp
    ${PROJECT_SOURCE_DIR}/tests/unit/loader_refusal_test.cpp
  LIBRARIES crdtd::loader OpenSSL::Crypto
  LABELS unit)
get_property(tiny_plugins GLOBAL PROPERTY CRDTD_TINY_PLUGINS)
add_dependencies(unit_loader ${tiny_plugins})
target_compile_definitions(unit_loader PRIVATE
  TINY_PLUGIN_DIRECTORY="${PROJECT_BINARY_DIR}/tests/support/plugins/tiny" $<$<BOOL:${CRDTD_SANITIZE}>:CRDTD_TEST_SANITIZED>)
