"""The installed Gradus as a repository, wherever pkg-config finds it; in another place than it looks by itself with

    PKG_CONFIG_PATH=PREFIX/lib/pkgconfig bazel test //...
"""

def _pkg_config(ctx, *question):
    answer = ctx.execute(["pkg-config"] + list(question) + ["gradus"])
    if answer.return_code != 0:
        fail("pkg-config does not find gradus: PKG_CONFIG_PATH=PREFIX/lib/pkgconfig bazel ...\n" + answer.stderr)
    return answer.stdout.strip()

def _find_gradus_impl(ctx):
    prefix = ctx.path(_pkg_config(ctx, "--variable=prefix").replace("\\ ", " "))
    for part in ["bin", "include", "lib", "share"]:
        ctx.symlink(prefix.get_child(part), part)
    for entry in prefix.get_child("share").get_child("gradus").get_child("bazel").readdir():
        ctx.symlink(entry, entry.basename)
    ctx.file("flags.bzl", "COPTS = %r\nLINKOPTS = %r\n" % (
        ["-std=c++17"] + _pkg_config(ctx, "--cflags-only-other").split(" "),
        _pkg_config(ctx, "--libs-only-l", "--libs-only-other").split(" "),
    ))

find_gradus = repository_rule(
    implementation = _find_gradus_impl,
    environ = ["PKG_CONFIG_PATH"],
    local = True,
)
