// A library that has a manifest and nothing else.

#include "gradus/base/plugin.h"

GRADUS_PLUGIN("codeless.descriptor_set");
