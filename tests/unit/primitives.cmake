# The shared pieces of CRDT types in sdk/plugin.
crdtd_add_test(NAME unit_primitives LABELS unit LIBRARIES crdtd::plugin SOURCES primitives_test.cpp json_canonical_test.cpp)
target_include_directories(unit_primitives PRIVATE ${PROJECT_SOURCE_DIR}/tests/support)
