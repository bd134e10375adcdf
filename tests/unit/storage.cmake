# The storages and the authoring layer for them. The damage tests use the suite's own harness, and SQLite beside the plugin.
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
set(sqlite_storage ${PROJECT_SOURCE_DIR}/plugins/storage/sqlite)
crdtd_add_test(NAME unit_storage
  SOURCES storage_settings_test.cpp storage_sqlite_damage_test.cpp storage_sqlite_fault_test.cpp storage_sqlite_open_test.cpp
          storage_sqlite_record_test.cpp ${sqlite_storage}/record.cpp ${sqlite_storage}/database.cpp
  LIBRARIES crdtd_conformance crdtd::plugin SQLite::SQLite3 ZLIB::ZLIB ${CMAKE_DL_LIBS} LABELS unit)
target_include_directories(unit_storage PRIVATE
  ${PROJECT_SOURCE_DIR}/sdk/conformance ${sqlite_storage} ${PROJECT_SOURCE_DIR}/tests/conformance)
target_compile_definitions(unit_storage PRIVATE CRDTD_PLUGIN_DIRECTORY="${CRDTD_PLUGIN_OUTPUT_DIRECTORY}")
add_dependencies(unit_storage memory sqlite)
