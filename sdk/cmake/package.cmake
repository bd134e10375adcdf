# The installed SDK: find_package(crdtd) gives crdtd::abi, crdtd::plugin and crdtd_add_plugin(); components give the libraries.
# Parts join by install(TARGETS … EXPORT crdtdTargets … COMPONENT sdk), which can be installed
# alone: cmake --install B --component sdk
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/crdtd)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/crdtdConfig.cmake.in ${PROJECT_BINARY_DIR}/crdtdConfig.cmake
  INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/crdtdConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT crdtdTargets NAMESPACE crdtd:: DESTINATION ${package_folder} COMPONENT sdk)
install(FILES ${PROJECT_BINARY_DIR}/crdtdConfig.cmake ${PROJECT_BINARY_DIR}/crdtdConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/CrdtdManifest.cmake ${CMAKE_CURRENT_LIST_DIR}/CrdtdPlugin.cmake
  ${CMAKE_CURRENT_LIST_DIR}/crdtd_plugin.map
  DESTINATION ${package_folder} COMPONENT sdk)

# For those who build without CMake. It finds its folders from its own place, so that the package can be moved. Plugins have none:
# their flags and their manifest are crdtd_add_plugin()'s.
file(RELATIVE_PATH crdtd_up "/p/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/p")
string(REGEX REPLACE "/$" "" crdtd_up "${crdtd_up}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/crdtd-client.pc.in ${PROJECT_BINARY_DIR}/crdtd-client.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/crdtd-client.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT sdk)
