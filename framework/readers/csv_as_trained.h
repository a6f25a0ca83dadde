// What a source of a trained model says of its columns is what was done in training: saying the same, or nothing, is right, and what
// differs is refused, since what was learned is used whatever is said.

#ifndef GRADUS_READERS_CSV_AS_TRAINED_H_
#define GRADUS_READERS_CSV_AS_TRAINED_H_

#include <string>

#include "framework/readers/csv_columns.h"

namespace gradus {

// Keeps with the transform what training says of each column: of its group, or of all of them alike.
void KeepWhatIsAsked(const CsvField& field, const CsvChoice& choice, InputTransform* transform);

// A finding at `path`, or at the group, for what differs. Where training was in this process all that it said is known; of a saved model
// what is saved, which does not tell a mean and deviation from a least and range, nor how what stands for a missing cell was found.
void CheckAsTrained(const CsvField& field, const ConfigPath& path, const CsvChoice& choice,
                    const InputTransform& transform, Opening* opening);

}  // namespace gradus

#endif  // GRADUS_READERS_CSV_AS_TRAINED_H_
