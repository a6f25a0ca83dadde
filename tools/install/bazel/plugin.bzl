"""Plugins of Gradus: a library that `--plugin` loads, and its test."""

load(":flags.bzl", "COPTS")

_WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Werror",
]

def _generated():
    return "-I$(GENDIR)/" + native.package_name()

def gradus_plugin(name, package, proto, srcs):
    """NAME.so, and NAME_objects for its test.

    Args:
      name: of the library, for example "acme_lion".
      package: that of the proto, for example "acme".
      proto: the proto's file. C++ includes it as "acme/lion.pb.h", and in a process it is called acme/lion.proto: a name that no
        other author's has.
      srcs: one of them has GRADUS_PLUGIN("lion.descriptor_set").
    """
    stem = proto[:-len(".proto")]
    folder = package.replace(".", "/")
    descriptor_set = stem + ".descriptor_set"
    generated = ["%s/%s.pb.%s" % (folder, stem, kind) for kind in ["h", "cc"]]
    native.genrule(
        name = name + "_proto",
        srcs = [
            proto,
            "@gradus//:protos",
        ],
        outs = generated + [descriptor_set],
        cmd = " ".join([
            "protoc",
            "-I%s=$$(dirname $(location %s))" % (folder, proto),
            "-Iexternal/gradus/share/gradus/proto",
            "--cpp_out=$(RULEDIR)",
            "--include_source_info",
            "--descriptor_set_out=$(RULEDIR)/" + descriptor_set,
            "$(location %s)" % proto,
        ]),
    )
    native.cc_library(
        name = name + "_objects",
        srcs = srcs + generated,
        copts = COPTS + _WARNINGS + ["-O3", _generated()],
        linkstatic = True,
        # The assembler reads it.
        textual_hdrs = [descriptor_set],
        visibility = ["//visibility:private"],
        deps = ["@gradus"],
        alwayslink = True,
    )
    native.cc_binary(
        name = name + ".so",
        linkshared = True,
        visibility = ["//visibility:public"],
        deps = [":%s_objects" % name],
    )

def gradus_plugin_test(name, plugin, key, srcs):
    """A test of the rule, which is linked into it; and NAME_loads, whether `gradus list` can load the library and finds the rule.

    Args:
      name: of the test.
      plugin: the plugin's name.
      key: of the rule, for example "acme.lion".
      srcs: the test's sources.
    """
    native.cc_test(
        name = name,
        srcs = srcs,
        copts = COPTS + _WARNINGS + ["-O1", _generated()],
        linkstatic = True,
        deps = [
            ":%s_objects" % plugin,
            "@gradus//:testing",
        ],
    )
    native.sh_test(
        name = name + "_loads",
        size = "small",
        srcs = ["@gradus//:loads.sh"],
        args = [
            "$(location @gradus//:bin/gradus)",
            "$(location :%s.so)" % plugin,
            key,
        ],
        data = [
            ":%s.so" % plugin,
            "@gradus//:bin/gradus",
        ],
    )
