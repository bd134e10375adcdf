crdtd_add_test(NAME unit_settings
  SOURCES settings_test.cpp settings_environment_test.cpp settings_hostile_test.cpp settings_origin_test.cpp
    settings_reference_test.cpp
  LIBRARIES core_settings LABELS unit)
target_compile_definitions(unit_settings PRIVATE CRDTD_CONFIG_FOLDER="${PROJECT_SOURCE_DIR}/config")
