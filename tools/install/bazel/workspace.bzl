"""The repositories that Debian's Bazel 4.2.3 asks for and cannot fetch. See tools/third_party in Gradus' own tree."""

def _installed_impl(ctx):
    folder = ctx.path(Label("@gradus//:BUILD")).dirname
    for part in ("share", "gradus", "bazel", ctx.name):
        folder = folder.get_child(part)
    for entry in folder.readdir():
        ctx.symlink(entry, entry.basename)

_installed = repository_rule(implementation = _installed_impl)

def gradus_workspace():
    """Call it in the WORKSPACE of a plugin."""
    _installed(name = "rules_cc")
    _installed(name = "remote_coverage_tools")
    for name, path in {
        "bazel_skylib": "/usr/share/bazel/tools/skylib",
        "platforms": "/usr/share/bazel/tools/platforms",
        "rules_java": "/usr/share/bazel/rules/java",
        "rules_proto": "/usr/share/bazel/rules/proto",
    }.items():
        native.local_repository(name = name, path = path)
