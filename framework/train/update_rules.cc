// From the text to the rules of the groups.

#include "gradus/train/update_rules.h"

#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/base/text_positions.h"

namespace gradus {
namespace {

// Puts a number that its range admits into a field that is 0 now but follows a schedule.
void MakeNonzero(const google::protobuf::FieldDescriptor& field,
                 google::protobuf::Message* message) {
  const google::protobuf::Reflection& reflection = *message->GetReflection();
  if (reflection.GetDouble(*message, &field) != 0) return;
  const Rule& range = field.options().GetExtension(rule);
  double value = 0.5;
  while (value > 1e-300 && !Within(range, value)) value /= 2;
  reflection.SetDouble(message, &field, value);
}

// Slots and numbers are saved by name, and what sees elements has slots of elements. A rule that
// says something else is a plugin's mistake.
std::string WhyNot(const Reach reach, const std::vector<SlotSpec>& slots,
                   const std::vector<NumberSpec>& numbers) {
  std::set<std::string> names = {"average", "last_change", "lookahead"};  // The framework's.
  for (const SlotSpec& slot : slots) {
    if (slot.name.empty() || absl::StrContains(slot.name, '/')) {
      return absl::StrCat("\"", slot.name, "\" is no name for a slot");
    }
    if (!names.insert(slot.name).second) {
      return absl::StrCat("another slot is called \"", slot.name, "\", too");
    }
    if (slot.extent != SlotSpec::kElements &&
        (reach == Reach::kElements || slot.from_weights)) {
      return absl::StrCat("slot \"", slot.name, "\" has another extent than elements");
    }
  }
  names = {"updates"};
  for (const NumberSpec& number : numbers) {
    if (number.name.empty() || absl::StrContains(number.name, '/') ||
        !names.insert(number.name).second) {
      return absl::StrCat("\"", number.name, "\" is no name for a number of its own");
    }
  }
  return "";
}

// A group's own rule is a rule and nothing else.
void CheckRuleOnly(const GroupConfig& group, const ConfigPath& path, Diagnostics* diagnostics) {
  if (group.frozen()) {
    std::vector<const google::protobuf::FieldDescriptor*> set;
    group.GetReflection()->ListFields(group, &set);
    for (const google::protobuf::FieldDescriptor* field : set) {
      if (field->name() == "name" || field->name() == "match" || field->name() == "frozen") continue;
      // What was written can be set to what it is without having been, but not be taken back.
      const bool scale = field->name() == "learning_rate_scale";
      if (scale && group.learning_rate_scale() == 1) continue;
      diagnostics->Error("conflict", path.Child(field->name()),
                         absl::StrCat("group ", Quoted(group.name()), " is frozen, so its ",
                                      field->name(), " has no effect"),
                         scale ? "leave it out, or set it to 1" : "");
    }
  }
  if (!group.has_rule()) return;
  const google::protobuf::FieldDescriptor* chosen = ChosenField(group.rule());
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  group.rule().GetReflection()->ListFields(group.rule(), &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field == chosen || chosen == nullptr) continue;
    diagnostics->Error("conflict", path.Child("rule").Child(SegmentName(field)),
                       absl::StrCat("group ", Quoted(group.name()), ": ", field->name(),
                                    " cannot be set in a group's rule"),
                       GroupConfig::descriptor()->FindFieldByName(field->name()) == nullptr
                           ? "write it in the optimizer itself"
                           : "write it in the group itself");
  }
}

// What the rule declares, or why it cannot be used. A stranger's may throw.
std::string Declared(const UpdateRules::Use& use, std::vector<SlotSpec>* slots,
                     std::vector<NumberSpec>* numbers, Diagnostics* diagnostics) try {
  use.optimizer->Check(*use.structure, use.path, diagnostics);
  *slots = use.optimizer->Slots(*use.structure);
  *numbers = use.optimizer->Numbers(*use.structure);
  (void)use.optimizer->HasEvaluationWeights(*use.structure);
  const std::string why_not = use.optimizer->WhyNot(*use.structure);
  return why_not.empty() ? WhyNot(use.optimizer->reach(), *slots, *numbers) : why_not;
} catch (...) {
  return std::string(StatusOfException("what it declares").message());
}

}  // namespace

const OptimizerConfig& RuleConfigOf(const OptimizerConfig& config, int group) {
  return group > 0 && config.group(group - 1).has_rule() ? config.group(group - 1).rule() : config;
}

std::unique_ptr<UpdateRules> UpdateRules::Make(const OptimizerConfig& config,
                                               const ParameterGroups& groups,
                                               const ConfigPath& path, Diagnostics* diagnostics) {
  auto rules = std::make_unique<UpdateRules>();
  bool found = true;
  for (int g = 0; g < groups.count(); ++g) {
    const OptimizerConfig& of_group = RuleConfigOf(config, g);
    const bool own = &of_group != &config;
    const google::protobuf::FieldDescriptor* field = ChosenField(of_group);
    if (g > 0) {
      CheckRuleOnly(config.group(g - 1), path.Child("group", g - 1, config.group(g - 1).name()),
                    diagnostics);
    }
    if (g > 0 && config.group(g - 1).frozen()) {
      rules->use_of_.push_back(-1);
      rules->configs_.emplace_back();
      continue;
    }
    if (!own && g > 0) {
      rules->use_of_.push_back(0);
      rules->configs_.emplace_back();
      if (!found) continue;
      rules->uses_[0].groups.push_back(g);
      rules->configs_.back().reset(rules->configs_[0]->New());
      rules->configs_.back()->CopyFrom(*rules->configs_[0]);
      continue;
    }
    Use use;
    use.groups = {g};
    use.path = path;
    if (own) use.path = path.Child("group", g - 1, config.group(g - 1).name()).Child("rule");
    rules->use_of_.push_back(static_cast<int>(rules->uses_.size()));
    rules->configs_.emplace_back();
    if (field == nullptr) {
      if (diagnostics->ok()) diagnostics->Error("missing", use.path, "no optimizer rule is set");
      found = false;
    } else {
      use.name = SegmentName(field);
      use.path = use.path.Child(use.name);
      use.optimizer = Registry<Optimizer>::Get().Find(field->full_name());
      if (use.optimizer == nullptr || field->message_type() == nullptr ||
          use.optimizer->config_type() != field->message_type()) {
        diagnostics->Error("unregistered", use.path,
                           absl::StrCat("no optimizer is registered for \"", field->full_name(),
                                        "\""));
        found = false;
      } else {
        const auto& message = of_group.GetReflection()->GetMessage(of_group, field);
        use.structure.reset(message.New());
        use.structure->CopyFrom(message);
        rules->configs_.back().reset(message.New());
        rules->configs_.back()->CopyFrom(message);
      }
    }
    rules->uses_.push_back(std::move(use));
  }
  return found ? std::move(rules) : nullptr;
}

void UpdateRules::Finish(const OptimizerConfig& config, const Hyperparameters& numbers,
                         const ParameterGroups& groups, const ConfigPath& path,
                         Diagnostics* diagnostics) {
  for (int i = 0; i < numbers.count(); ++i) {
    const Hyperparameters::Number& number = numbers.number(i);
    if (number.rule_field == nullptr || frozen(number.group)) continue;
    MakeNonzero(*number.rule_field, uses_[use_of_[number.group]].structure.get());
  }
  bool any_parameters = false;
  for (Use& use : uses_) {
    std::vector<SlotSpec> slots;
    std::vector<NumberSpec> own;
    const std::string why_not = Declared(use, &slots, &own, diagnostics);
    if (!why_not.empty()) {
      diagnostics->Error("plugin", use.path,
                         absl::StrCat("the optimizer ", use.name, " cannot be used: ", why_not));
    }
    use.first_slot = static_cast<int>(memory_.slots.size());
    use.slots = static_cast<int>(slots.size());
    use.numbers = static_cast<int>(own.size());
    const bool everywhere = static_cast<int>(use.groups.size()) == groups.count();
    const bool updates = absl::c_any_of(
        use.groups, [&](int g) { return groups.parameters[g] > 0; });
    any_parameters |= updates;
    if (!updates) {
      diagnostics->Warning("no-effect", use.path,
                           absl::StrCat(use.name, " updates nothing: every parameter is in a group "
                                                  "that is frozen or has a rule of its own"));
    }
    for (const SlotSpec& slot : slots) {
      memory_.slots.push_back({slot, everywhere ? std::vector<int>() : use.groups});
    }
    const size_t sets = use.sees_all() ? 1 : use.groups.size();
    for (size_t k = 0; k < sets; ++k) {
      use.first_number.push_back(static_cast<int>(memory_.numbers.size()));
      const std::string& group = groups.names[use.groups[k]];
      memory_.numbers.push_back({absl::StrCat(group, "/updates"), 0});
      for (const NumberSpec& number : own) {
        memory_.numbers.push_back({absl::StrCat(group, "/", number.name), number.initial});
      }
    }
    if (use.optimizer->reach() == Reach::kLoss && uses_.size() > 1) {
      diagnostics->Error("conflict", use.path,
                         absl::StrCat(use.name, " evaluates the loss at other weights, which are all "
                                                "the weights: it cannot be the rule of some groups"),
                         "write it as the optimizer's only rule");
    }
  }
  if (!any_parameters && diagnostics->ok()) {
    diagnostics->Error("no-effect", uses_[0].path,
                       absl::c_accumulate(groups.parameters, 0) == 0
                           ? "the model has no parameters: nothing is trained"
                           : "all parameters are frozen: nothing is trained");
  }
  CheckStages(config, path, diagnostics);
  const auto like_weights = [](const char* name) {
    SlotSpec slot = {name};
    slot.from_weights = true;
    return slot;
  };
  if (config.has_average()) {
    average_slot_ = AddSlot(like_weights("average"));
    average_number_ = AddNumber({"average_updates", 0});
  }
  if (config.has_skip_non_finite()) skipped_number_ = AddNumber({"skipped_in_a_row", 0});
  if (config.has_lookahead()) {
    lookahead_slot_ = AddSlot(like_weights("lookahead"));
    lookahead_number_ = AddNumber({"lookahead_updates", 0});
  }
}

// What stands around the rules must go together with them.
void UpdateRules::CheckStages(const OptimizerConfig& config, const ConfigPath& path,
                              Diagnostics* diagnostics) const {
  for (const Use& use : uses_) {
    if (config.average().evaluate() && use.optimizer->HasEvaluationWeights(*use.structure)) {
      diagnostics->Error("conflict", path.Child("average").Child("evaluate"),
                         absl::StrCat(use.name, " has weights of its own to evaluate, and an average "
                                                "of those that are trained would take their place"),
                         "leave evaluate out");
    }
    if (config.has_lookahead() && use.optimizer->HasEvaluationWeights(*use.structure)) {
      diagnostics->Error("conflict", path.Child("lookahead"),
                         absl::StrCat(use.name, " makes the weights to evaluate from its slots, which "
                                                "stay where they are when lookahead sets back those "
                                                "that are trained"));
    }
    if (use.optimizer->reach() != Reach::kLoss) continue;
    const std::string other = absl::StrCat(
        use.name, " evaluates the loss, which knows nothing of what is done to its gradient");
    for (int i = 0; i < config.group_size(); ++i) {
      const GroupConfig& group = config.group(i);
      if (group.learning_rate_scale() == 1 && !group.has_learning_rate()) continue;
      diagnostics->Error("conflict", path.Child("group", i, group.name()),
                         absl::StrCat(use.name, " searches along one line for all parameters: group ",
                                      Quoted(group.name()), " cannot have a rate of its own"));
    }
    if (config.has_clip()) diagnostics->Error("conflict", path.Child("clip"), other);
    if (config.centralize_gradients()) {
      diagnostics->Error("conflict", path.Child("centralize_gradients"), other);
    }
    if (config.has_sharpness_aware()) {
      diagnostics->Error("conflict", path.Child("sharpness_aware"),
                         absl::StrCat(use.name, " evaluates the loss and its gradient at weights of its "
                                                "own choice, which cannot be others at the same time"));
    }
    if (config.has_lookahead()) {
      diagnostics->Error("conflict", path.Child("lookahead"),
                         absl::StrCat(use.name, " learns the curvature from its own steps, and lookahead "
                                                "would take parts of them back"));
    }
    if (config.l1() > 0) diagnostics->Error("conflict", path.Child("l1"), other);
    if (config.weight_decay_form() == COUPLED) {
      diagnostics->Error("conflict", path.Child("weight_decay_form"), other);
    }
    const std::string decay = absl::StrCat(
        use.name, " goes on from decayed weights to where the loss is least, which takes the decay back");
    if (config.weight_decay() > 0) {
      diagnostics->Error("conflict", path.Child("weight_decay"), decay);
    }
    for (int i = 0; i < config.group_size(); ++i) {
      const GroupConfig& group = config.group(i);
      if (!(group.weight_decay() > 0)) continue;
      diagnostics->Error("conflict",
                         path.Child("group", i, group.name()).Child("weight_decay"), decay);
    }
  }
}

bool UpdateRules::evaluates_loss() const {
  return !uses_.empty() && uses_[0].optimizer->reach() == Reach::kLoss;
}

std::vector<int> UpdateRules::trained() const {
  std::vector<int> groups;
  for (int g = 0; g < static_cast<int>(use_of_.size()); ++g) {
    if (!frozen(g)) groups.push_back(g);
  }
  return groups;
}

int UpdateRules::AddNumber(NumberSpec spec) {
  memory_.numbers.push_back(std::move(spec));
  return static_cast<int>(memory_.numbers.size()) - 1;
}

int UpdateRules::AddSlot(SlotSpec spec) {
  memory_.slots.push_back({std::move(spec), {}});
  return static_cast<int>(memory_.slots.size()) - 1;
}

}  // namespace gradus
