"""The rules built into Bazel. Debian's rules_cc 0.0.4 asks for use_cpp_toolchain, which its Bazel 4.2.3 does not have."""

cc_binary = native.cc_binary
cc_import = native.cc_import
cc_library = native.cc_library
cc_proto_library = native.cc_proto_library
cc_test = native.cc_test
cc_toolchain = native.cc_toolchain
cc_toolchain_suite = native.cc_toolchain_suite
