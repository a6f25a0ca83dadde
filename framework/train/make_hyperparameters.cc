// From the text to the chains of a run's numbers.

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "gradus/base/text_config.h"
#include "gradus/base/text_positions.h"
#include "gradus/run.pb.h"
#include "gradus/train/hyperparameters.h"
#include "gradus/train/update_rules.h"

namespace gradus {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr char kRadiusField[] = "sharpness_aware.radius";

class Hyperparameters::Maker {
 public:
  Maker(const OptimizerConfig& config, const ModelGraph& model, const ParameterGroups& groups,
        const MonitorTable& monitors, std::shared_ptr<const Timeline> timeline,
        const ConfigPath& path, Diagnostics* diagnostics)
      : config_(config),
        model_(model),
        groups_(groups),
        monitors_(monitors),
        timeline_(std::move(timeline)),
        path_(path),
        diagnostics_(*diagnostics) {}

  std::unique_ptr<Hyperparameters> Make() {
    std::unique_ptr<Hyperparameters> all(new Hyperparameters);
    bool every_group_has_a_rule = true;
    for (int g = 0; g < groups_.count(); ++g) {
      const FieldDescriptor* rule = ChosenField(RuleConfigOf(config_, g));
      rules_.push_back({rule == nullptr ? nullptr : rule->message_type(),
                        rule == nullptr ? "" : SegmentName(rule),
                        &RuleConfigOf(config_, g) != &config_});
      every_group_has_a_rule &= rule != nullptr;
    }
    AddRates();
    AddDecays();
    for (int i = 0; i < config_.schedule_size(); ++i) {
      AddFollower(config_.schedule(i), path_.Child("schedule", i, ""), -1);
    }
    for (int g = 0; g < config_.group_size(); ++g) {
      const ConfigPath group = path_.Child("group", g, config_.group(g).name());
      for (int i = 0; i < config_.group(g).schedule_size(); ++i) {
        AddFollower(config_.group(g).schedule(i), group.Child("schedule", i, ""), g + 1);
      }
    }
    AddControllers(all.get());
    if (!every_group_has_a_rule) return nullptr;
    all->entries_ = std::move(entries_);
    all->groups_ = groups_;
    all->timeline_ = timeline_;
    return all;
  }

 private:
  TimedSchedule MakeSchedule(const ScheduleConfig& config, const ConfigPath& path, Entry* entry) {
    const FieldDescriptor* kind = ChosenField(config);
    entry->detail = kind == nullptr ? "" : kind->is_extension() ? kind->full_name() : kind->name();
    entry->path = path;
    return TimedSchedule::Make(config, timeline_, path, &diagnostics_);
  }

  void AddRates() {
    Entry of_optimizer;
    if (config_.has_learning_rate()) {
      of_optimizer.schedule =
          MakeSchedule(config_.learning_rate(), path_.Child("learning_rate"), &of_optimizer);
    }
    for (int g = 0; g < groups_.count(); ++g) {
      const GroupConfig* group = g == 0 ? nullptr : &config_.group(g - 1);
      Entry entry;
      entry.number.kind = Number::kLearningRate;
      entry.number.group = g;
      entry.number.field = "learning_rate";
      entry.number.range.set_min(0);
      if (group != nullptr) entry.scale = group->learning_rate_scale();
      if (group != nullptr && group->has_learning_rate()) {
        entry.schedule =
            MakeSchedule(group->learning_rate(),
                         path_.Child("group", g - 1, group->name()).Child("learning_rate"), &entry);
      } else if (config_.has_learning_rate()) {
        entry.schedule = of_optimizer.schedule;
        entry.detail = of_optimizer.detail;
        entry.path = of_optimizer.path;
      } else if (rules_[g].message != nullptr &&
                 rules_[g].message->options().HasExtension(default_learning_rate)) {
        entry.constant = rules_[g].message->options().GetExtension(default_learning_rate);
        entry.detail = absl::StrCat("the default of ", rules_[g].name);
        entry.path = path_;
      } else if ((g == 0 || rules_[g].own) && rules_[g].message != nullptr) {
        diagnostics_.Error("missing", path_.Child("learning_rate"),
                           absl::StrCat(rules_[g].name, " has no default learning rate"),
                           "write learning_rate { constant: 0.001 }");
      }
      entries_.push_back(std::move(entry));
    }
  }

  void AddDecays() {
    const FieldDescriptor* field = OptimizerConfig::descriptor()->FindFieldByName("weight_decay");
    for (int g = 0; g < groups_.count(); ++g) {
      const bool own = g > 0 && config_.group(g - 1).has_weight_decay();
      Entry entry;
      entry.number.kind = Number::kWeightDecay;
      entry.number.group = g;
      entry.number.field = "weight_decay";
      entry.number.range = field->options().GetExtension(rule);
      const Descriptor* rule = rules_[g].message;
      entry.path = path_.Child("weight_decay");
      if (own) {
        entry.constant = config_.group(g - 1).weight_decay();
        entry.detail = "of the group";
        entry.path = path_.Child("group", g - 1, config_.group(g - 1).name()).Child("weight_decay");
      } else if (!config_.has_weight_decay() && rule != nullptr &&
                 rule->options().HasExtension(default_weight_decay)) {
        entry.constant = rule->options().GetExtension(default_weight_decay);
        entry.detail = absl::StrCat("the default of ", rules_[g].name);
      } else {
        entry.constant = config_.weight_decay();
        entry.detail = "of the optimizer";
      }
      entries_.push_back(std::move(entry));
    }
  }

  // The field that an address of the model leads to, or null.
  static const FieldDescriptor* FieldAt(const ConfigPath& path) {
    const Descriptor* message = RunConfig::descriptor();
    const FieldDescriptor* field = nullptr;
    for (const ConfigPath::Segment& segment : path.segments()) {
      if (message == nullptr) return nullptr;
      absl::string_view name = segment.field;
      field = absl::ConsumePrefix(&name, "(") && absl::ConsumeSuffix(&name, ")")
                  ? message->file()->pool()->FindExtensionByName(std::string(name))
                  : message->FindFieldByName(segment.field);
      if (field == nullptr) return nullptr;
      message = field->message_type();
    }
    return field;
  }

  static bool SamePlace(const ConfigPath& a, const ConfigPath& b) {
    if (a.segments().size() != b.segments().size()) return false;
    for (size_t i = 0; i < a.segments().size(); ++i) {
      const ConfigPath::Segment &x = a.segments()[i], &y = b.segments()[i];
      if (x.field != y.field) return false;
      if (x.selector == y.selector) continue;
      if (y.index < 0 || x.selector != absl::StrCat(y.index)) return false;
    }
    return true;
  }

  // A number that a schedule may drive; a stranger's message may declare anything.
  static bool IsSchedulable(const FieldDescriptor& field) {
    return field.options().GetExtension(rule).schedulable() && !field.is_repeated() &&
           field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE;
  }

  std::vector<std::string> Schedulable(int group) const {
    std::vector<std::string> names;
    const Descriptor* message = rules_[group].message;
    for (int i = 0; message != nullptr && i < message->field_count(); ++i) {
      if (IsSchedulable(*message->field(i))) names.push_back(message->field(i)->name());
    }
    names.push_back("weight_decay");
    if (config_.has_sharpness_aware()) names.push_back(kRadiusField);
    for (const ModelScalar& scalar : model_.hyperparameters)
      names.push_back(scalar.path.ToString());
    return names;
  }

  std::string SchedulableInWords(int group) const {
    constexpr size_t kMostShown = 20;
    std::vector<std::string> names = Schedulable(group);
    if (names.size() > kMostShown) {
      names.resize(kMostShown);
      names.push_back("...");
    }
    return absl::StrCat("numbers that may follow a schedule: ", absl::StrJoin(names, ", "));
  }

  // `group` -1: the optimizer's, for every group that has none of its own.
  void AddFollower(const FollowConfig& config, const ConfigPath& path, int group) {
    const Descriptor* rule_message = rules_[std::max(group, 0)].message;
    if (config.field().empty() || rule_message == nullptr) return;  // CheckRules has said so.
    Entry entry;
    entry.schedule = MakeSchedule(config.follow(), path.Child("follow"), &entry);
    // "beta1" or its address, "optimizer.adam.beta1", "optimizer.(acme.lion).beta1".
    absl::string_view name = config.field();
    if (absl::ConsumePrefix(&name, "optimizer.")) {
      absl::ConsumePrefix(&name, absl::StrCat(rules_[std::max(group, 0)].name, "."));
    }
    if (name == "learning_rate") {
      diagnostics_.Error("conflict", path.Child("field"),
                         "the learning rate has a field of its own", "write learning_rate { ... }");
      return;
    }
    const bool radius = name == kRadiusField && config_.has_sharpness_aware();
    const FieldDescriptor* field =
        name == "weight_decay" ? OptimizerConfig::descriptor()->FindFieldByName("weight_decay")
        : radius               ? SharpnessAware::descriptor()->FindFieldByName("radius")
                               : rule_message->FindFieldByName(std::string(name));
    const ModelScalar* scalar = nullptr;
    if (field == nullptr && absl::StartsWith(name, "model.")) {
      const absl::StatusOr<ConfigPath> address = ConfigPath::Parse(name);
      for (const ModelScalar& candidate : model_.hyperparameters) {
        if (address.ok() && SamePlace(*address, candidate.path)) scalar = &candidate;
      }
      if (scalar != nullptr) field = FieldAt(scalar->path);
    }
    if (field == nullptr) {
      if (absl::StartsWith(name, "model.") && model_.hyperparameters.empty() && !diagnostics_.ok())
        return;
      const std::string near = SuggestName(config.field(), Schedulable(std::max(group, 0)));
      diagnostics_.Error("unknown-name", path.Child("field"),
                         absl::StrCat("there is no number called ", Quoted(config.field())),
                         near.empty() ? SchedulableInWords(std::max(group, 0)) : near);
      return;
    }
    if (!IsSchedulable(*field)) {
      diagnostics_.Error(
          "not-schedulable", path.Child("field"),
          absl::StrCat(Quoted(config.field()), " stays as it is during a run"),
          SchedulableInWords(std::max(group, 0)));
      return;
    }
    if ((scalar != nullptr || radius) && group >= 0) {
      diagnostics_.Error("conflict", path.Child("field"),
                         absl::StrCat(radius ? "the radius" : "a number of the model",
                                      " belongs to no group of parameters"),
                         "write it as optimizer { schedule { ... } }");
      return;
    }
    entry.number.range = field->options().GetExtension(rule);
    entry.number.field = std::string(name);
    if (scalar != nullptr || radius) {
      entry.number.kind = radius ? Number::kRadius : Number::kModel;
      entry.number.group = -1;
      if (scalar != nullptr) entry.number.scalar = scalar->name;
      AddOnce(std::move(entry), path);
      return;
    }
    const bool decay = name == "weight_decay";
    entry.number.kind = decay ? Number::kWeightDecay : Number::kRule;
    entry.number.rule_field = decay ? nullptr : field;
    for (int g = 0; g < groups_.count(); ++g) {
      if (group >= 0 && g != group) continue;
      // A group with a rule of its own has fields of its own.
      if (!decay && group < 0 && rules_[g].own) continue;
      // A weight decay that a group writes is its own.
      if (decay && group < 0 && g > 0 && config_.group(g - 1).has_weight_decay()) continue;
      Entry own = entry;
      own.number.group = g;
      AddOnce(std::move(own), path, group >= 0);
    }
  }

  void AddOnce(Entry entry, const ConfigPath& path, bool replaces = false) {
    for (Entry& other : entries_) {
      if (other.number.field != entry.number.field || other.number.group != entry.number.group)
        continue;
      const bool constant = !other.schedule.ok();
      // What a group says comes after what the optimizer says.
      const bool of_optimizer =
          replaces && other.path.segments().size() < path.segments().size() + 1;
      if (constant || of_optimizer) {
        other = std::move(entry);
        return;
      }
      diagnostics_.Error("duplicate-name", path.Child("field"),
                         absl::StrCat(Quoted(entry.number.field), " follows a schedule already"));
      return;
    }
    entries_.push_back(std::move(entry));
  }

  void AddControllers(Hyperparameters* all) {
    for (int i = 0; i < config_.controller_size(); ++i) {
      const ControllerConfig& config = config_.controller(i);
      const ConfigPath path = path_.Child("controller", i, "");
      Reaction reaction;
      if (config.has_group()) {
        reaction.group = groups_.Find(config.group());
        if (reaction.group < 0) {
          const std::string near = SuggestName(config.group(), groups_.names);
          diagnostics_.Error(
              "unknown-name", path.Child("group"),
              absl::StrCat("there is no group ", Quoted(config.group())),
              near.empty() ? absl::StrCat("the groups are ", absl::StrJoin(groups_.names, ", "))
                           : near);
        }
      }
      reaction.controller = MakeController(config, monitors_, timeline_, path, &diagnostics_);
      if (reaction.controller == nullptr) continue;
      reaction.kind = ChosenField(config)->name();
      for (Section section : {Section::kBatch, Section::kTrain, Section::kValidation}) {
        all->watches_[static_cast<int>(section)] |= reaction.controller->Watches(section);
      }
      all->needs_alignment_ |= reaction.controller->NeedsAlignment();
      const int64_t every = reaction.controller->SnapshotEverySteps();
      if (every > 0 && (all->snapshot_every_steps_ == 0 || every < all->snapshot_every_steps_)) {
        all->snapshot_every_steps_ = every;
      }
      all->controllers_.push_back(std::move(reaction));
    }
  }

  const OptimizerConfig& config_;
  const ModelGraph& model_;
  const ParameterGroups& groups_;
  const MonitorTable& monitors_;
  const std::shared_ptr<const Timeline> timeline_;
  const ConfigPath path_;
  Diagnostics& diagnostics_;
  struct GroupRule {
    const Descriptor* message = nullptr;
    std::string name;
    bool own = false;  // Not the optimizer's.
  };
  std::vector<GroupRule> rules_;  // By group.
  std::vector<Entry> entries_;
};

std::unique_ptr<Hyperparameters> Hyperparameters::Make(
    const OptimizerConfig& config, const ModelGraph& model, const ParameterGroups& groups,
    const MonitorTable& monitors, std::shared_ptr<const Timeline> timeline, const ConfigPath& path,
    Diagnostics* diagnostics) {
  return Maker(config, model, groups, monitors, std::move(timeline), path, diagnostics).Make();
}

}  // namespace gradus
