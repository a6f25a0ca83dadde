# find_package(gradus) gives the target gradus::gradus, and gradus_PROTO_DIR for protos that import "gradus/NAME.proto".
include(CMakeFindDependencyMacro)
find_dependency(absl)
find_dependency(Protobuf)

get_filename_component(gradus_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(gradus_PROTO_DIR "${gradus_PREFIX}/share/gradus/proto")

if(NOT TARGET gradus::gradus)
  add_library(gradus::gradus SHARED IMPORTED)
  set_target_properties(gradus::gradus PROPERTIES
    IMPORTED_LOCATION "${gradus_PREFIX}/lib/libgradus.so"
    IMPORTED_SONAME "libgradus.so"
    INTERFACE_INCLUDE_DIRECTORIES "${gradus_PREFIX}/include"
    INTERFACE_COMPILE_FEATURES cxx_std_17
    # As the library itself is compiled: the same bits with every instruction set, and std::sqrt as one instruction.
    INTERFACE_COMPILE_OPTIONS "-ffp-contract=off;-fno-math-errno"
    INTERFACE_LINK_LIBRARIES
      "absl::optional;absl::span;absl::status;absl::statusor;absl::strings;protobuf::libprotobuf")
endif()
