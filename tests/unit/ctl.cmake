# crdtctl without its process: the command line, what it prints, and the audits over a store that tests can meddle with.
crdtd_add_test(NAME unit_ctl
  SOURCES ctl_apart_test.cpp ctl_audit_test.cpp ctl_command_line_test.cpp ctl_listing_test.cpp ctl_served_audit_test.cpp
    ctl_setting_list_test.cpp engine_fixture.cpp
  LIBRARIES core_ctl core_document crdtd_conformance crdtd_virtual_world LABELS unit)
