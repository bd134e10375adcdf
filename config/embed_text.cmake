# Writes a C++ source that returns a text file's content. Run by cmake -P with INPUT, OUTPUT, HEADER, NAMESPACE, FUNCTION.
file(READ "${INPUT}" text)
set(delimiter "embedded_text")
string(FIND "${text}" ")${delimiter}\"" found)
if(NOT found EQUAL -1)
  message(FATAL_ERROR "${INPUT} contains the end mark )${delimiter}\": choose another in ${CMAKE_CURRENT_LIST_FILE}")
endif()
get_filename_component(name "${INPUT}" NAME)
file(WRITE "${OUTPUT}" "// Made by the build from ${name}; change that file instead.
#include \"${HEADER}\"

namespace ${NAMESPACE} {

std::string_view ${FUNCTION}() noexcept {
  return R\"${delimiter}(${text})${delimiter}\";
}

}  // namespace ${NAMESPACE}
")
