#!/usr/bin/env bash
# From a bare Debian 12 machine to a trained network: installs what is missing, builds the program, and trains a small network on
# Fashion-MNIST. The program prints the accuracy on the test images and the folder of the run.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh
bazel build --show_progress_rate_limit=10 //tools:gradus
exec bazel-bin/tools/gradus train examples/fashion_mnist_mlp.pbtxt "$@"
