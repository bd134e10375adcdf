# Installs the finished build, and builds a plugin against that alone, as a stranger would.
# cmake -DBUILD=<build tree> -DFOLDER=<scratch> -DTYPE_SOURCE=<plugin source> -DCXX=<compiler> -P run.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN} failed:\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${FOLDER})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${FOLDER}/installed)
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${FOLDER}/build -DCMAKE_PREFIX_PATH=${FOLDER}/installed
  -DCMAKE_CXX_COMPILER=${CXX} -DTYPE_SOURCE=${TYPE_SOURCE})
run(${CMAKE_COMMAND} --build ${FOLDER}/build)
if(NOT EXISTS ${FOLDER}/build/candidate.so)
  message(FATAL_ERROR "no candidate.so was built in ${FOLDER}/build")
endif()
file(STRINGS ${FOLDER}/build/candidate.so found REGEX "com.example.candidate")
if(NOT found)
  message(FATAL_ERROR "candidate.so does not hold its manifest")
endif()
