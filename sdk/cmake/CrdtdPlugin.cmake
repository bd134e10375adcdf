# crdtd_add_plugin(<name> SOURCES … [MANIFEST manifest.json] [LIBRARIES …] [SHARED_RUNTIME] [NO_INSTALL])
#
# Builds the crdtd plugin <name>.so, into CRDTD_PLUGIN_OUTPUT_DIRECTORY where that is set, and owns every flag of it:
#   - The manifest (manifest.json beside the CMakeLists unless named) is checked, put into the ELF section .crdtd_manifest, and
#     handed to the export macro, so that nothing in it is written twice.
#   - One exported symbol; hidden visibility; no unique symbols, so that the library depends on no other plugin.
#   - The C++ runtime is linked statically: `operator new` is the host's allocator here, and what the runtime allocates must meet
#     the same one. SHARED_RUNTIME leaves that out for a storage plugin that links shared C++ libraries; it then uses the
#     `operator new` of the process. A CRDT type cannot have it: all its memory comes from the host.
#   - Nothing undefined, everything bound at load, relocations read-only.
# NO_INSTALL: no install rule (test plugins). In other projects than crdtd itself there is none anyway.
include_guard(GLOBAL)
cmake_policy(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/CrdtdManifest.cmake)

function(crdtd_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 PLUGIN "SHARED_RUNTIME;NO_INSTALL" "MANIFEST" "SOURCES;LIBRARIES")
  if(PLUGIN_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "crdtd_add_plugin(${name}): unknown arguments: ${PLUGIN_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT PLUGIN_SOURCES)
    message(FATAL_ERROR "crdtd_add_plugin(${name}): SOURCES is missing")
  endif()
  if(NOT PLUGIN_MANIFEST)
    set(PLUGIN_MANIFEST manifest.json)
  endif()
  cmake_path(ABSOLUTE_PATH PLUGIN_MANIFEST NORMALIZE)
  if(NOT EXISTS "${PLUGIN_MANIFEST}")
    message(FATAL_ERROR "crdtd_add_plugin(${name}): there is no ${PLUGIN_MANIFEST}; write one, or name it with MANIFEST")
  endif()

  set(generated "${CMAKE_CURRENT_BINARY_DIR}/${name}.generated")
  crdtd_manifest_generate(${name} "${PLUGIN_MANIFEST}" "${generated}")
  add_library(${name} MODULE ${PLUGIN_SOURCES} "${generated}/${name}.manifest.cpp")
  # Sanitizers surround variables with red zones; the section must hold the manifest's bytes and nothing else.
  set_source_files_properties("${generated}/${name}.manifest.cpp" PROPERTIES COMPILE_OPTIONS "-fno-sanitize=all")
  target_include_directories(${name} PRIVATE "${generated}")
  target_compile_definitions(${name} PRIVATE "CRDTD_MANIFEST_HEADER=\"${name}.manifest.hpp\"")
  target_link_libraries(${name} PRIVATE crdtd::plugin ${PLUGIN_LIBRARIES} $<TARGET_NAME_IF_EXISTS:crdtd_build>)
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    CXX_EXTENSIONS OFF)
  if(CRDTD_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${CRDTD_PLUGIN_OUTPUT_DIRECTORY}")
  endif()
  crdtd_plugin_flags(${name} "${PLUGIN_SHARED_RUNTIME}" "${PLUGIN_MANIFEST}")
  if(TARGET crdtd_build AND NOT PLUGIN_NO_INSTALL)
    install(TARGETS ${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/crdtd/plugins)
  endif()
endfunction()

function(crdtd_plugin_flags name shared_runtime manifest)
  set(export_map "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/crdtd_plugin.map")
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS "${export_map}")
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE "LINKER:--version-script=${export_map}" LINKER:-z,now LINKER:-z,relro)
  if(shared_runtime)
    file(READ "${manifest}" json)
    if(json MATCHES "crdt\\.type/")
      message(FATAL_ERROR "crdtd_add_plugin(${name}): SHARED_RUNTIME is not for a CRDT type: all its memory comes from the host")
    endif()
    target_compile_definitions(${name} PRIVATE CRDTD_SHARED_RUNTIME)
  else()
    target_link_options(${name} PRIVATE -static-libstdc++)
  endif()
  # clang leaves the sanitizer's symbols of a library to the program that loads it.
  if(NOT (CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND "${CMAKE_CXX_FLAGS}${CRDTD_SANITIZE}" MATCHES "sanitize|address|thread"))
    target_link_options(${name} PRIVATE LINKER:--no-undefined)
  endif()
endfunction()
