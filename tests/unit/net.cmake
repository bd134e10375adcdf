crdtd_add_test(NAME unit_net
  SOURCES net_head_gate_test.cpp net_parser_test.cpp net_header_values_test.cpp net_threads_test.cpp
    net_server_test.cpp net_server_docs_test.cpp net_server_hostile_test.cpp
  LIBRARIES core_net LABELS unit)
