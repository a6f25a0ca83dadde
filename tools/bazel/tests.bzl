"""Tests, one a file: tests/<room>/<name>_test.cc becomes //tests/<room>:<name>_test. A new test needs no edit of a BUILD file."""

def room_tests(rooms = [], data = [], sizes = {}, tags = {}, helpers = []):
    """A cc_test for every *_test.cc of the package.

    All of them link libgradus.so and the package's other *.cc files, and run at the root of the tree with its examples and test data
    in place.

    Args:
      rooms: what the tests link instead under --config=rooms.
      data: files beside the test data, for example the program.
      sizes: {test name: Bazel's test size}, where it is not "medium".
      tags: {test name: Bazel's tags}.
      helpers: libraries that the tests link beside //tests/testing, such as //tests/ops:helpers (the ops' references).
    """
    helpers = helpers + [
        "//tests/testing",
        "@com_google_googletest//:gtest_main",
    ]
    helper_sources = native.glob(
        ["*.cc"],
        exclude = ["*_test.cc"],
    )
    if helper_sources:
        native.cc_library(
            name = "helpers",
            testonly = True,
            srcs = helper_sources + native.glob(["*.h"]),
            alwayslink = True,
            linkstatic = True,
            visibility = [
                "//tests:__subpackages__",
                "//tools/bench:__pkg__",
            ],
            deps = ["//:all_headers"] + helpers,
        )
        helpers = [":helpers"] + helpers
    for source in native.glob(["*_test.cc"]):
        name = source[:-len(".cc")]
        native.cc_test(
            name = name,
            size = sizes.get(name, "medium"),
            srcs = [source] + native.glob(["*.h"]),
            data = ["//tests:data"] + data,
            tags = tags.get(name, []),
            deps = helpers + select({
                "//tools/bazel:link_rooms": rooms,
                "//conditions:default": ["//:gradus_everything"],
            }),
        )
    native.filegroup(
        name = "testdata",
        srcs = native.glob(["testdata/**"]),
        visibility = ["//tests:__pkg__"],
    )
