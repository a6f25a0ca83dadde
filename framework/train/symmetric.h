// Eigenvalues and powers of symmetric matrices, in double; for rules that take a root of a matrix.

#ifndef GRADUS_TRAIN_SYMMETRIC_H_
#define GRADUS_TRAIN_SYMMETRIC_H_

#include <cstdint>

#include "gradus/train/matrix.h"

namespace gradus {

// a = v diag(values) v^T, of a symmetric matrix; the columns of `v` are the eigenvectors, the `n`
// values rise. True when all numbers are finite. About 10 n^3 operations. `v` may be `a`. What is taken
// of `work` is given back, here and below.
bool SymmetricEigen(Matrix<const double> a, double* values, Matrix<double> v, Workspace* work);

// power = (a + shift)^exponent, of a symmetric matrix without negative eigenvalues, with a shift
// above 0. What rounding has made negative counts as 0. False, and nothing is written, when a
// number is not finite. `power` must not overlap `a`.
bool SymmetricPower(Matrix<const double> a, double shift, double exponent, Matrix<double> power,
                    Workspace* work);
// How many doubles it takes at most, of n rows.
int64_t SymmetricPowerRoom(int64_t n);

}  // namespace gradus

#endif  // GRADUS_TRAIN_SYMMETRIC_H_
