# The installed SDK: find_package(crdtd) gives crdtd::abi, crdtd::plugin and crdtd_add_plugin(). Other parts join by
# install(TARGETS … EXPORT crdtdTargets).
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/crdtd)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/crdtdConfig.cmake.in ${PROJECT_BINARY_DIR}/crdtdConfig.cmake
  INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/crdtdConfigVersion.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(EXPORT crdtdTargets NAMESPACE crdtd:: DESTINATION ${package_folder})
install(FILES ${PROJECT_BINARY_DIR}/crdtdConfig.cmake ${PROJECT_BINARY_DIR}/crdtdConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/CrdtdManifest.cmake ${CMAKE_CURRENT_LIST_DIR}/CrdtdPlugin.cmake
  ${CMAKE_CURRENT_LIST_DIR}/crdtd_plugin.map
  DESTINATION ${package_folder})
