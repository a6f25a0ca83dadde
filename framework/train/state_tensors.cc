// Names and places.

#include "gradus/train/state_tensors.h"

#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr char kEvaluation[] = "@evaluation/";
constexpr char kEpochRows[] = "@epoch_rows/";
constexpr size_t kMostMetrics = 10000;

}  // namespace

bool IsEvaluationTensor(absl::string_view name) { return absl::StartsWith(name, kEvaluation); }
bool IsEpochRowsTensor(absl::string_view name) { return absl::StartsWith(name, kEpochRows); }

namespace {

// What a state consists of: each tensor's name, and where it stands in memory.
template <class Float>
struct Piece {
  std::string name;
  std::vector<int64_t> dims;
  int64_t rows, columns, pitch;
  Float* data;
};

template <class Float>
Piece<Float> PieceOf(std::string name, const ParameterPlace& place, Float* block) {
  return {std::move(name), place.dims, place.rows, place.columns, place.pitch,
          block + place.offset};
}

// Of a snapshot or a store: its blocks. A store's layouts say what is in them; no memory: weights
// and states alone.
template <class Float>
void AddPieces(const std::string& prefix, const ParameterStore& store, Float* weights,
               const UpdateMemory<float>* memory, Float* states,
               std::vector<Piece<Float>>* pieces) {
  for (int i = 0; i < store.layout().count(); ++i) {
    const std::string name = absl::StrCat(prefix, store.layout().place(i).name);
    pieces->push_back(PieceOf(name, store.layout().place(i), weights));
    for (int slot = 0; memory != nullptr && slot < memory->slots(); ++slot) {
      SlotPart<float> part = memory->Part(slot, store.layout(), i);
      if (part.data == nullptr) continue;
      pieces->push_back({absl::StrCat(name, "/", memory->spec(slot).name), std::move(part.dims),
                         part.rows, part.columns, part.pitch, part.data});
    }
  }
  for (int i = 0; i < store.state_layout().count(); ++i) {
    const ParameterPlace& place = store.state_layout().place(i);
    pieces->push_back(PieceOf(absl::StrCat(prefix, place.name), place, states));
  }
}

// Of a state to read from (const) or to write into.
// `evaluation`: also what is evaluated, which is a function of the rest.
template <class State>
auto Pieces(State* state, bool evaluation) {
  auto* store = &state->store;
  using Float = std::remove_pointer_t<decltype(store->weights())>;
  std::vector<Piece<Float>> pieces;
  AddPieces<Float>("", *store, store->weights(), &store->memory(), store->states(), &pieces);
  // What was evaluated stands in a file for those who have the weights alone.
  if (evaluation && store->evaluated() != store->weights()) {
    using Any = std::remove_const_t<Float>;
    AddPieces<Float>(kEvaluation, *store, const_cast<Any*>(store->evaluated()), nullptr,
                     store->states(), &pieces);
  }
  for (auto& entry : state->snapshots) {
    AddPieces<Float>(absl::StrCat("@", entry.first, "/"), *store,
                     static_cast<Float*>(entry.second.weights.get()), &entry.second.memory,
                     static_cast<Float*>(entry.second.states.get()), &pieces);
  }
  return pieces;
}

absl::StatusOr<Tensor> ReadPiece(const Piece<const float>& piece) {
  GRADUS_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Create(DType::kFloat32, piece.dims));
  float* plain = tensor.mutable_data<float>().data();
  for (int64_t row = 0; row < piece.rows; ++row) {
    std::copy_n(piece.data + row * piece.pitch, piece.columns, plain + row * piece.columns);
  }
  return tensor;
}

// The tensor has the piece's dims.
void WritePiece(const Tensor& tensor, const Piece<float>& piece) {
  const float* plain = tensor.data<float>().data();
  for (int64_t row = 0; row < piece.rows; ++row) {
    std::copy_n(plain + row * piece.columns, piece.columns, piece.data + row * piece.pitch);
  }
}

// Of which metric, or -1: a metric's place, a list of numbers.
int MetricOfRows(const NamedTensor& named) {
  size_t place;
  if (!IsEpochRowsTensor(named.name) || named.tensor.dtype() != DType::kFloat32 ||
      named.tensor.dims().size() != 1 ||
      !absl::SimpleAtoi(absl::string_view(named.name).substr(sizeof(kEpochRows) - 1), &place) ||
      place >= kMostMetrics || named.name != absl::StrCat(kEpochRows, place)) {
    return -1;
  }
  return static_cast<int>(place);
}

template <class Float>
absl::Status Misfits(const SafetensorsFile& file, const std::vector<Piece<Float>>& pieces,
                     const std::string& path) {
  std::vector<std::string> problems;
  std::set<std::string> known;
  for (const auto& piece : pieces) {
    known.insert(piece.name);
    const Tensor* tensor = file.Find(piece.name);
    const std::vector<int64_t>& dims = piece.dims;
    if (tensor == nullptr) {
      problems.push_back(absl::StrCat("\"", piece.name, "\" is missing"));
    } else if (tensor->dtype() != DType::kFloat32 || tensor->dims() != dims) {
      problems.push_back(absl::StrCat("\"", piece.name, "\" is ", Name(tensor->dtype()), " [",
                                      absl::StrJoin(tensor->dims(), ", "),
                                      "] and should be FLOAT32 [", absl::StrJoin(dims, ", "), "]"));
    }
  }
  for (const NamedTensor& named : file.tensors) {
    if (known.count(named.name) == 0 && !IsEvaluationTensor(named.name) &&
        MetricOfRows(named) < 0) {
      problems.push_back(absl::StrCat("\"", named.name, "\" is not part of this model"));
    }
  }
  if (problems.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, " does not fit:\n  ", absl::StrJoin(problems, "\n  ")));
}

}  // namespace


absl::StatusOr<SafetensorsFile> TensorsOf(const TrainState& state) {
  SafetensorsFile file;
  for (const auto& piece : Pieces(&state, true)) {
    GRADUS_ASSIGN_OR_RETURN(Tensor tensor, ReadPiece(piece));
    file.tensors.push_back({piece.name, std::move(tensor)});
  }
  const std::vector<std::vector<float>>& kept = state.epoch_sums.rows;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (kept[i].empty()) continue;
    GRADUS_ASSIGN_OR_RETURN(
        Tensor tensor,
        Tensor::Create(DType::kFloat32, {static_cast<int64_t>(kept[i].size())}));
    std::copy(kept[i].begin(), kept[i].end(), tensor.mutable_data<float>().begin());
    file.tensors.push_back({absl::StrCat(kEpochRows, i), std::move(tensor)});
  }
  return file;
}

absl::Status CheckTensors(const SafetensorsFile& file, const TrainState& state,
                          const std::string& path) {
  return Misfits<const float>(file, Pieces(&state, false), path);
}

void WriteTensors(const SafetensorsFile& file, TrainState* state) {
  for (const auto& piece : Pieces(state, false)) WritePiece(*file.Find(piece.name), piece);
  state->epoch_sums = MetricSums();
  for (const NamedTensor& named : file.tensors) {
    const int metric = MetricOfRows(named);
    if (metric < 0) continue;
    std::vector<std::vector<float>>& rows = state->epoch_sums.rows;
    rows.resize(std::max(rows.size(), static_cast<size_t>(metric) + 1));
    rows[metric].assign(named.tensor.data<float>().begin(), named.tensor.data<float>().end());
  }
}

absl::Status WriteWeights(SafetensorsFile file, const std::string& path, ParameterStore* store) {
  const bool evaluated =
      std::any_of(file.tensors.begin(), file.tensors.end(),
                  [](const NamedTensor& named) { return IsEvaluationTensor(named.name); });
  std::vector<Piece<float>> pieces;
  AddPieces<float>(evaluated ? kEvaluation : "", *store, store->weights(), nullptr,
                   store->states(), &pieces);
  const auto is_other = [&](const NamedTensor& named) {
    return std::none_of(pieces.begin(), pieces.end(),
                        [&](const auto& piece) { return piece.name == named.name; });
  };
  file.tensors.erase(std::remove_if(file.tensors.begin(), file.tensors.end(), is_other),
                     file.tensors.end());
  GRADUS_RETURN_IF_ERROR(Misfits<float>(file, pieces, path));
  for (const auto& piece : pieces) WritePiece(*file.Find(piece.name), piece);
  return absl::OkStatus();
}

}  // namespace gradus
