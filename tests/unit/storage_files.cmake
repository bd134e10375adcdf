# The example storage, compiled in: its contract, and what it makes of files that a crash or damage left.
set(files_storage ${PROJECT_SOURCE_DIR}/examples/storage_files)
crdtd_add_test(NAME unit_storage_files
  SOURCES storage_files_test.cpp ${files_storage}/document.cpp ${files_storage}/files.cpp ${files_storage}/open.cpp
          ${files_storage}/read.cpp ${files_storage}/record.cpp ${files_storage}/write.cpp
  LIBRARIES crdtd_conformance crdtd::plugin LABELS unit)
target_include_directories(unit_storage_files PRIVATE ${PROJECT_SOURCE_DIR}/sdk/conformance ${files_storage})
