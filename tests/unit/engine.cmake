crdtd_add_test(NAME unit_store
  SOURCES store_commit_test.cpp store_budget_test.cpp
  LIBRARIES core_store crdtd_virtual_world LABELS unit)
crdtd_add_test(NAME unit_engine
  SOURCES document_cursor_test.cpp engine_fixture.cpp engine_durability_test.cpp engine_faults_test.cpp engine_key_test.cpp
    engine_lifecycle_test.cpp engine_log_test.cpp engine_random_test.cpp engine_since_test.cpp
  LIBRARIES core_document crdtd_virtual_world LABELS unit)
