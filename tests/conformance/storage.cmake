crdtd_add_test(NAME conformance_storage SOURCES storage_contract_test.cpp storage_contract_breaks_test.cpp
  LIBRARIES crdtd_conformance ${CMAKE_DL_LIBS}
  LABELS conformance TIMEOUT 600)
target_compile_definitions(conformance_storage PRIVATE CRDTD_PLUGIN_DIRECTORY="${CRDTD_PLUGIN_OUTPUT_DIRECTORY}")
add_dependencies(conformance_storage memory sqlite)
