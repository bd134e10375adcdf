# The orset type.
crdtd_add_test(NAME unit_orset LABELS unit LIBRARIES crdtd::plugin SOURCES orset_test.cpp)
target_include_directories(unit_orset PRIVATE ${PROJECT_SOURCE_DIR}/plugins/crdt ${PROJECT_SOURCE_DIR}/tests/support)
target_compile_definitions(unit_orset PRIVATE CRDTD_VECTORS="${PROJECT_SOURCE_DIR}/plugins/crdt")
# g++ 12 sees an overlap in `"a" + std::string` that is not there (GCC bug 105651).
target_compile_options(unit_orset PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
