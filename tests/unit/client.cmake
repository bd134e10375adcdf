find_package(OpenSSL REQUIRED COMPONENTS SSL Crypto)
crdtd_add_test(NAME unit_client
  SOURCES client_url_test.cpp client_retry_test.cpp client_call_test.cpp client_tls_test.cpp
    client_json_test.cpp
  LIBRARIES crdtd::client crdtd_scripted_server OpenSSL::SSL LABELS unit)
# The retry plan and the seams are no part of the public headers.
target_include_directories(unit_client PRIVATE ${PROJECT_SOURCE_DIR}/sdk/client-cpp)
target_compile_definitions(unit_client PRIVATE CRDTD_TEST_VERSION="${PROJECT_VERSION}")
crdtd_add_test(NAME unit_wire_read_reply SOURCES wire_read_reply_test.cpp LIBRARIES crdtd::wire LABELS unit)
