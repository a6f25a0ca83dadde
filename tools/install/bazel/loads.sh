#!/bin/sh
# loads.sh GRADUS PLUGIN KEY: whether the plugin can be loaded and brings the rule (plugin.bzl).
exec "$1" list --plugin "$2" "$3"
