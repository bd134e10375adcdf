# crdtd_add_plugin's look at op templates. cmake -DMODULE=<CrdtdManifest.cmake> -DFOLDER=<scratch> -P manifest_ops.cmake
if(DEFINED MANIFEST)
  include(${MODULE})
  crdtd_manifest_constants(constants ${MANIFEST})
  return()
endif()

# Checks a manifest with these `ops`; the output must match `wanted`, which is empty when they are taken.
function(check ops wanted)
  file(WRITE ${FOLDER}/manifest.json "{\"manifest\": 1, \"id\": \"com.example.set\", \"version\": \"1.0.0\", \"abi\": \"1.0\",
    \"description\": \"a set\", \"provides\": [{\"kind\": \"crdt.type/1\", \"name\": \"set\", \"semantics\": 1,
    \"format_written\": 1, \"formats_read\": [1], \"ops\": ${ops}}]}")
  execute_process(COMMAND ${CMAKE_COMMAND} -DMODULE=${MODULE} -DMANIFEST=${FOLDER}/manifest.json -P ${CMAKE_SCRIPT_MODE_FILE}
    RESULT_VARIABLE result ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")  # cmake wraps long lines
  if(wanted STREQUAL "" AND NOT result EQUAL 0 OR NOT wanted STREQUAL "" AND NOT output MATCHES "${wanted}")
    message(SEND_ERROR "ops ${ops}: wanted `${wanted}`, found: ${output}")
  endif()
endfunction()

check("[{\"add\": {\"$value\": 8}}]" "")
check("{}" "`provides\\[0\\].ops`: found { *}, want a JSON ARRAY")
check("[]" "`provides\\[0\\].ops`: empty; want at least one element")
check("[{}, 7]" "`provides\\[0\\].ops\\[1\\]`: found 7, want an object: the template of an op")
