# The engine's surroundings without a machine: virtual time, a disk in memory, faults on request, a type that misbehaves.
add_library(crdtd_virtual_world STATIC faulty_storage.cpp faulty_type.cpp virtual_disk.cpp virtual_world.cpp)
target_include_directories(crdtd_virtual_world PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(crdtd_virtual_world PUBLIC core_host core_base crdtd::abi PRIVATE crdtd_build)
