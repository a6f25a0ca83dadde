// Everything that this process knows by name: operations, layers, losses, metrics, optimizers,
// schedules, as registered.

#ifndef GRADUS_API_CATALOGUE_H_
#define GRADUS_API_CATALOGUE_H_

#include <vector>

#include "gradus/api/describe.h"

namespace gradus {

std::vector<CatalogueSection> Catalogue();

}  // namespace gradus

#endif  // GRADUS_API_CATALOGUE_H_
