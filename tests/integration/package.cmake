# The installed package, used as a third party would. Sanitizer builds are left out: their plugins need the sanitizer's own runtime.
if(NOT CRDTD_SANITIZE)
  add_test(NAME integration_installed_package COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/installed_package/run.sh ${CMAKE_BINARY_DIR})
  set_tests_properties(integration_installed_package PROPERTIES LABELS integration TIMEOUT 900)
endif()
