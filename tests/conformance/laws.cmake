# The laws of CRDT types over what comes with the server, and over plugins that each break one of them.
add_subdirectory(breakers)
crdtd_add_test(NAME conformance_laws SOURCES laws_test.cpp op_templates_test.cpp counting_host_test.cpp manifest_ops_test.cpp
  LIBRARIES crdtd_conformance crdtd::loader crdtd::plugin LABELS conformance TIMEOUT 600)
target_include_directories(conformance_laws PRIVATE ${PROJECT_SOURCE_DIR}/plugins/crdt ${PROJECT_SOURCE_DIR}/sdk/conformance
  ${PROJECT_SOURCE_DIR}/tests/support)
target_compile_definitions(conformance_laws PRIVATE CRDTD_PLUGIN_DIRECTORY="${CRDTD_PLUGIN_OUTPUT_DIRECTORY}"
  CRDTD_LAW_BREAKER_DIRECTORY="${CMAKE_CURRENT_BINARY_DIR}/breakers/plugins")
add_dependencies(conformance_laws lww orset law_breakers)

file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/manifest_ops)
add_test(NAME conformance_manifest_ops
  COMMAND ${CMAKE_COMMAND} -DMODULE=${PROJECT_SOURCE_DIR}/sdk/cmake/CrdtdManifest.cmake
    -DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/manifest_ops -P ${CMAKE_CURRENT_SOURCE_DIR}/breakers/manifest_ops.cmake)
set_tests_properties(conformance_manifest_ops PROPERTIES LABELS conformance)
