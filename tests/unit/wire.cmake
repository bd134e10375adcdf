crdtd_add_test(NAME unit_wire
  SOURCES wire_json_gate_test.cpp wire_request_test.cpp wire_reply_test.cpp
  LIBRARIES crdtd::wire LABELS unit)
