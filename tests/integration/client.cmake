# The C++ client against a real server, on each storage backend.
add_executable(integration_client client_test.cpp)
target_link_libraries(integration_client PRIVATE
  crdtd_build crdtd_catch_main crdtd_test_server crdtd_scripted_server crdtd::client)
foreach(storage IN ITEMS memory sqlite)
  add_test(NAME integration_client_${storage} COMMAND integration_client)
  set_tests_properties(integration_client_${storage} PROPERTIES LABELS integration TIMEOUT 300
    ENVIRONMENT CRDTD_TEST_STORAGE=${storage})
endforeach()
# The installed package, used as others would.
if(NOT CRDTD_SANITIZE)
  add_test(NAME integration_installed_client
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/installed_package/client.sh ${CMAKE_BINARY_DIR} ${CMAKE_CXX_COMPILER})
  set_tests_properties(integration_installed_client PROPERTIES LABELS integration TIMEOUT 300)
endif()
