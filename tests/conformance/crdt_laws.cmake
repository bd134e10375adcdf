# The built-in CRDT types against the laws and their slow models.
crdtd_add_test(NAME conformance_crdt_laws LABELS conformance LIBRARIES crdtd::plugin SOURCES crdt_laws_test.cpp)
target_include_directories(conformance_crdt_laws PRIVATE ${PROJECT_SOURCE_DIR}/plugins/crdt ${PROJECT_SOURCE_DIR}/tests/support)
