"""One shared library for everything.

Two copies of a generated message in a process make protobuf abort, and two copies of a registry lose plugins. So the whole framework
is one libgradus.so (`whole_archive`), and what links it compiles against the headers of the rooms without linking their
archives (`headers_only`).
"""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

def _merged(ctx):
    return cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.attr.deps])

def _headers_only_impl(ctx):
    cc_info = _merged(ctx)

    # Debian's libraries are only linker flags: whoever uses them names them on its own link line, so they stay.
    flags = [
        cc_common.create_linker_input(owner = given.owner, user_link_flags = depset(given.user_link_flags))
        for given in cc_info.linking_context.linker_inputs.to_list()
        if given.user_link_flags
    ]
    return [CcInfo(
        compilation_context = cc_info.compilation_context,
        linking_context = cc_common.create_linking_context(linker_inputs = depset(flags)),
    )]

headers_only = rule(
    implementation = _headers_only_impl,
    attrs = {"deps": attr.label_list(providers = [CcInfo])},
)

def _whole_archive_impl(ctx):
    cc_info = _merged(ctx)
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(ctx = ctx, cc_toolchain = toolchain)
    inputs = []
    for given in cc_info.linking_context.linker_inputs.to_list():
        libraries = [
            cc_common.create_library_to_link(
                actions = ctx.actions,
                alwayslink = True,
                cc_toolchain = toolchain,
                feature_configuration = features,
                pic_static_library = library.pic_static_library,
                static_library = library.static_library,
            )
            for library in given.libraries
        ]
        inputs.append(cc_common.create_linker_input(
            owner = given.owner,
            libraries = depset(libraries),
            user_link_flags = depset(given.user_link_flags),
        ))
    return [CcInfo(
        compilation_context = cc_info.compilation_context,
        linking_context = cc_common.create_linking_context(linker_inputs = depset(inputs)),
    )]

whole_archive = rule(
    implementation = _whole_archive_impl,
    attrs = {
        "deps": attr.label_list(providers = [CcInfo]),
        "_cc_toolchain": attr.label(default = Label("@bazel_tools//tools/cpp:current_cc_toolchain")),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

def _header_files_impl(ctx):
    headers = [
        header
        for header in _merged(ctx).compilation_context.headers.to_list()
        if "/_virtual_" in header.path
    ]
    return [DefaultInfo(files = depset(headers))]

# The headers that a target sees as "gradus/...", as files.
header_files = rule(
    implementation = _header_files_impl,
    attrs = {"deps": attr.label_list(providers = [CcInfo])},
)
