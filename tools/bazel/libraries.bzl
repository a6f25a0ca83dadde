"""The libraries of the house: rooms of the framework, and folders of plugins. A new file needs no edit of a BUILD file."""

# What sees everything: the one shared library, and the tests, which may also link rooms by themselves (tests.bzl).
_EVERYONE = [
    "//:__pkg__",
    "//tests:__subpackages__",
]

def framework_room(name, deps, srcs = [], hdrs = [], visible_to = []):
    """One room of framework/: every *.cc and *.h of the package, the headers included as "gradus/<room>/x.h".

    Args:
      name: the room.
      deps: what it may include.
      srcs: generated sources beside the *.cc files.
      hdrs: generated headers beside the *.h files.
      visible_to: the packages that may include it.
    """
    native.cc_library(
        name = name,
        srcs = native.glob(["*.cc"]) + srcs,
        hdrs = native.glob(["*.h"]) + hdrs,
        include_prefix = "gradus",
        linkstatic = True,
        strip_include_prefix = "/framework",
        visibility = _EVERYONE + visible_to,
        deps = deps,
    )

    # What plugins are compiled against: framework/base/plugin_abi.h is a number of it.
    native.filegroup(
        name = "written_headers",
        srcs = native.glob(["*.h"]),
        visibility = ["//framework/base:__pkg__"],
    )

def plugins(name, deps):
    """A folder of plugins, one a file. They register themselves, so the linker must keep every object."""
    native.cc_library(
        name = name,
        srcs = native.glob(["*.cc"]),
        hdrs = native.glob(["*.h"]),
        alwayslink = True,
        linkstatic = True,
        visibility = _EVERYONE,
        deps = deps,
    )
    native.filegroup(
        name = "sources",
        srcs = native.glob(["*.cc"]),
        visibility = ["//:__pkg__"],
    )
