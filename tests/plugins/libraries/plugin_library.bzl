"""Plugins for tests, as shared libraries that see Gradus' headers and bring nothing of it."""

def plugin_code(name, srcs, protos, package, descriptor_set = None):
    """A plugin's objects, kept whole when they are linked.

    Args:
      name: of the library.
      srcs: its own sources.
      protos: their .proto files, in this folder.
      package: the folder that the files are in as protobuf sees them.
      descriptor_set: the protos in the manifest, when these are others.
    """
    native.genrule(
        name = name + "_protos",
        srcs = protos + ["//proto:sources"],
        outs = [name + ".descriptor_set"] + [
            "%s_code/%s/%s.pb.%s" % (name, package, proto[:-len(".proto")], kind)
            for proto in protos
            for kind in ["h", "cc"]
        ],
        cmd = """
            root=$$(mktemp -d)
            mkdir -p $$root/gradus $$root/{package} $(RULEDIR)/{name}_code
            cp -L $(locations //proto:sources) $$root/gradus
            cp -L {sources} $$root/{package}
            $(location @com_google_protobuf//:protoc) -I$$root -I/usr/include --include_source_info \
                --cpp_out=$(RULEDIR)/{name}_code --descriptor_set_out=$(RULEDIR)/{name}.descriptor_set {protos}
            rm -r $$root
        """.format(
            name = name,
            package = package,
            protos = " ".join([package + "/" + proto for proto in protos]),
            sources = " ".join(["$(location %s)" % proto for proto in protos]),
        ),
        tools = ["@com_google_protobuf//:protoc"],
    )
    include = "-I$(GENDIR)/" + native.package_name()
    code = ["%s_code/%s/%s.pb." % (name, package, proto[:-len(".proto")]) for proto in protos]
    native.cc_library(
        name = name + "_messages",
        srcs = [stem + "cc" for stem in code],
        copts = [include + "/%s_code" % name, "-O1"],
        alwayslink = True,
        linkstatic = True,
        textual_hdrs = [stem + "h" for stem in code],
        deps = ["//:all_headers"],
    )
    native.cc_library(
        name = name,
        srcs = srcs,
        copts = [include, include + "/%s_code" % name, "-O1"],
        alwayslink = True,
        linkstatic = True,
        textual_hdrs = [name + ".descriptor_set"] + [stem + "h" for stem in code],
        deps = ["//:all_headers"],
    )

def plugin_library(name, code, linkopts = []):
    """NAME.so out of plugin_code targets."""
    native.cc_binary(
        name = name + ".so",
        linkopts = linkopts,
        linkshared = True,
        deps = code + ["//:gradus"],
    )
