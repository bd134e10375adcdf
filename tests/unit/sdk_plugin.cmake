# The plugin ABI and its C++ authoring layer.
crdtd_add_test(NAME unit_sdk_plugin_layer LABELS unit LIBRARIES crdtd::plugin
  SOURCES sdk_plugin_table_test.cpp sdk_plugin_memory_test.cpp sdk_plugin_abi_layout.c sdk_plugin_abi_layout_test.cpp)

# A real library; it goes to a folder of its own, where no server looks.
block()
  set(CRDTD_PLUGIN_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/sdk_plugin)
  crdtd_add_plugin(sdk_plugin_probe SOURCES sdk_plugin_probe/plugin.cpp MANIFEST sdk_plugin_probe/manifest.json NO_INSTALL)
endblock()
target_include_directories(sdk_plugin_probe PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
crdtd_add_test(NAME unit_sdk_plugin_library LABELS unit LIBRARIES crdtd::abi ${CMAKE_DL_LIBS} SOURCES sdk_plugin_library_test.cpp)
add_dependencies(unit_sdk_plugin_library sdk_plugin_probe)
target_compile_definitions(unit_sdk_plugin_library PRIVATE CRDTD_TEST_PLUGIN="$<TARGET_FILE:sdk_plugin_probe>"
  CRDTD_TEST_MANIFEST="${CMAKE_CURRENT_SOURCE_DIR}/sdk_plugin_probe/manifest.json")

# Every public header compiles alone: the ABI as C11 and C++20, the layer with exceptions and without.
function(crdtd_check_headers target root language)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${root} ${root}/*.h ${root}/*.hpp)
  set(sources "")
  foreach(header IN LISTS headers)
    string(REPLACE "/" "_" source "${header}.${language}")
    file(CONFIGURE OUTPUT ${target}/${source} CONTENT "#include \"${header}\"\n")
    list(APPEND sources ${CMAKE_CURRENT_BINARY_DIR}/${target}/${source})
  endforeach()
  add_library(${target} OBJECT ${sources})
  target_link_libraries(${target} PRIVATE crdtd_build crdtd::plugin)
  target_compile_options(${target} PRIVATE -O0 ${ARGN})
endfunction()
crdtd_check_headers(sdk_headers_abi_c11 ${PROJECT_SOURCE_DIR}/sdk/abi/include c)
crdtd_check_headers(sdk_headers_abi_cpp20 ${PROJECT_SOURCE_DIR}/sdk/abi/include cpp)
crdtd_check_headers(sdk_headers_plugin ${PROJECT_SOURCE_DIR}/sdk/plugin/include cpp)
crdtd_check_headers(sdk_headers_plugin_bare ${PROJECT_SOURCE_DIR}/sdk/plugin/include cpp -fno-exceptions -fno-rtti)

# The installed package, used by a project outside of the tree. Needs a finished build.
add_test(NAME unit_sdk_plugin_package COMMAND ${CMAKE_COMMAND} -DBUILD=${CMAKE_BINARY_DIR}
  -DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/sdk_plugin_package -DTYPE_SOURCE=${PROJECT_SOURCE_DIR}/tests/compile_fail/type.cpp
  -DCXX=${CMAKE_CXX_COMPILER} -P ${CMAKE_CURRENT_SOURCE_DIR}/sdk_plugin_package/run.cmake)
set_tests_properties(unit_sdk_plugin_package PROPERTIES LABELS unit)
