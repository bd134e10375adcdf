# The README's quick start against `crdtd dev`, as printed.
add_test(NAME integration_quickstart COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/quickstart_test.sh ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/crdtd
  ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/examples/quickstart/quickstart.sh)
set_tests_properties(integration_quickstart PROPERTIES LABELS integration TIMEOUT 120)
