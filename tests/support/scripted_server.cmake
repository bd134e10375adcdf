# Other sides that misbehave as a test tells them: a server, and a proxy before a real one.
add_library(crdtd_scripted_server STATIC scripted_server.cpp cutting_proxy.cpp)
target_include_directories(crdtd_scripted_server PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(crdtd_scripted_server PRIVATE crdtd_build Threads::Threads)
