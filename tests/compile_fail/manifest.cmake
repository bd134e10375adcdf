# Manifests that crdtd_add_plugin must refuse, each with the complaint that it must get; and one that it must take.
# cmake -DMODULE=<CrdtdManifest.cmake> -DFOLDER=<scratch> -P manifest.cmake
if(DEFINED MANIFEST)
  include(${MODULE})
  crdtd_manifest_constants(constants ${MANIFEST})
  message(NOTICE "${constants}")
  return()
endif()

set(good [=[{"manifest": 1, "id": "com.example.set", "version": "1.0.0", "abi": "1.0", "description": "a set",
  "provides": [{"kind": "crdt.type/1", "name": "set", "semantics": 1, "format_written": 2, "formats_read": [1, 2],
    "limits": [{"name": "element", "unit": "bytes", "default": 65536, "max": 1048576}]},
   {"kind": "storage.backend/1", "name": "ram"}]}]=])

# Checks `json`; `wanted` is a regular expression that the output must match.
function(check label json wanted succeeds)
  file(WRITE ${FOLDER}/manifest.json "${json}")
  execute_process(COMMAND ${CMAKE_COMMAND} -DMODULE=${MODULE} -DMANIFEST=${FOLDER}/manifest.json -P ${CMAKE_SCRIPT_MODE_FILE}
    RESULT_VARIABLE result ERROR_VARIABLE output OUTPUT_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")  # cmake wraps long lines
  if((result EQUAL 0) AND NOT succeeds OR (NOT result EQUAL 0) AND succeeds OR NOT output MATCHES "${wanted}")
    message(SEND_ERROR "${label}: wanted `${wanted}`, found: ${output}")
  endif()
endfunction()

# `from` in the good manifest replaced by `to` must be refused.
function(refuse label from to wanted)
  string(FIND "${good}" "${from}" found)
  if(found EQUAL -1)
    message(SEND_ERROR "${label}: the good manifest does not hold ${from}")
  endif()
  string(REPLACE "${from}" "${to}" json "${good}")
  check("${label}" "${json}" "${wanted}" FALSE)
endfunction()

check("good" "${good}" "\"crdt.type/1\", \"set\", 1u, 2u, kLimits0, 1u.*\"com.example.set\", \"1.0.0\", 1u, 0u, kItems, 2u" TRUE)
check("torn" "{\"manifest\": 1," "manifest.json: not a JSON object" FALSE)
check("array" "[1]" "manifest.json: not a JSON object" FALSE)
refuse("missing id" "\"id\": \"com.example.set\", " "" "`id`: missing; want a JSON STRING")
refuse("plain id" "com.example.set" "set" "`id`: found \"set\", want something like")
refuse("version" "1.0.0" "1.0" "`version`: found \"1.0\", want something like \"0.1.0\"")
refuse("abi type" "\"abi\": \"1.0\"" "\"abi\": 1" "`abi`: found 1, want a JSON STRING")
refuse("other manifest" "\"manifest\": 1" "\"manifest\": 2" "`manifest`: found 2, want a whole number from 1 to 1")
refuse("unknown key" "\"semantics\"" "\"semantic\"" "`provides\\[0\\].semantic`: unknown; known here are kind, name, semantics")
refuse("unknown kind" "crdt.type/1" "crdt.type/9" "`provides\\[0\\].kind`: found \"crdt.type/9\", want \"crdt.type/1\" or")
refuse("semantics" "\"semantics\": 1" "\"semantics\": 0" "`provides\\[0\\].semantics`: found 0, want a whole number from 1")
refuse("fraction" "\"semantics\": 1" "\"semantics\": 1.5" "`provides\\[0\\].semantics`: found 1.5")
refuse("unreadable format" "[1, 2]" "[1]" "`provides\\[0\\].formats_read`: lacks format_written, 2")
refuse("no formats" "[1, 2]" "[]" "`provides\\[0\\].formats_read`: empty")
refuse("default above max" "1048576" "10"
  "`provides\\[0\\].limits\\[0\\].default`: found 65536, want a whole number from 1 to 10")
refuse("unit" "bytes" "apples"
  "`provides\\[0\\].limits\\[0\\].unit`: found \"apples\", want something like \"bytes\" or \"count\"")
refuse("name" "\"ram\"" "\"RAM!\"" "`provides\\[1\\].name`: found \"RAM!\"")
set(ram "{\"kind\": \"storage.backend/1\", \"name\": \"ram\"}")
refuse("twice" "${ram}" "${ram}, ${ram}"
  "`provides\\[2\\].name`: storage.backend/1 ram stands there twice")
refuse("no object" "${ram}" "7" "`provides\\[1\\]`: found 7, want an object")
