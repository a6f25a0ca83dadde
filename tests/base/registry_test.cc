// Registries: found, listed, duplicates kept out, accepted together.

#include "gradus/base/registry.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gradus {
namespace {

struct Animal {
  virtual ~Animal() = default;
  virtual std::string Sound() const = 0;
};
struct Dog : Animal {
  std::string Sound() const override { return "woof"; }
};
struct Cat : Animal {
  std::string Sound() const override { return "meow"; }
};

// As at the end of a plugin's file.
GRADUS_REGISTER(Animal, "zoo.dog", Dog);
GRADUS_REGISTER(Animal, "zoo.cat", Cat);

TEST(RegistryTest, FindsWhatTheMacroRegistered) {
  const auto& registry = Registry<Animal>::Get();
  ASSERT_NE(registry.Find("zoo.dog"), nullptr);
  EXPECT_EQ(registry.Find("zoo.dog")->Sound(), "woof");
  EXPECT_EQ(registry.Find("zoo.cat")->Sound(), "meow");
  EXPECT_EQ(registry.Find("zoo"), nullptr);
  EXPECT_EQ(registry.Find(""), nullptr);
}

TEST(RegistryTest, KeysAreSorted) {
  EXPECT_EQ(Registry<Animal>::Get().Keys(), (std::vector<std::string>{"zoo.cat", "zoo.dog"}));
}

struct Pet : Animal {
  explicit Pet(std::string sound) : sound(std::move(sound)) {}
  std::string Sound() const override { return sound; }
  const std::string sound;
};

TEST(RegistryTest, KeepsTheFirstOfTwoUnderOneKeyAndSaysSo) {
  auto& registry = Registry<Pet>::Get();
  EXPECT_TRUE(registry.RegistrationStatus().ok());
  registry.Add("pet", std::make_unique<Pet>("woof"));
  registry.Add("pet", std::make_unique<Pet>("meow"));
  registry.Add("other", std::make_unique<Pet>("woof"));
  registry.Add("other", std::make_unique<Pet>("meow"));
  EXPECT_EQ(registry.Find("pet")->Sound(), "woof");
  EXPECT_EQ(registry.RegistrationStatus().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(registry.RegistrationStatus().message(), "\"pet\" is registered twice");
}

TEST(RegistryTest, KnowsAKeyOfAnyContract) {
  EXPECT_TRUE(IsRegistered("zoo.dog"));
  EXPECT_FALSE(IsRegistered("zoo.unicorn"));
}

// Contracts of the transaction's tests alone: what is accepted stays.
struct Fish : Animal {
  std::string Sound() const override { return ""; }
};
struct Bird : Animal {
  std::string Sound() const override { return "tweet"; }
};

TEST(PendingRulesTest, AreSeenByNobodyUntilTheyAreAccepted) {
  PendingRules rules;
  Registry<Fish>::Get().Add("lake.trout", std::make_unique<Fish>());
  Registry<Bird>::Get().Add("lake.duck", std::make_unique<Bird>());
  EXPECT_EQ(Registry<Fish>::Get().Find("lake.trout"), nullptr);
  ASSERT_EQ(rules.Of<Bird>().size(), 1u);
  EXPECT_EQ(rules.Of<Bird>()[0].first, "lake.duck");
  EXPECT_EQ(rules.Of<Bird>()[0].second->Sound(), "tweet");
  EXPECT_EQ(rules.entries().size(), 2u);
  ASSERT_TRUE(rules.Accept().ok());
  EXPECT_NE(Registry<Fish>::Get().Find("lake.trout"), nullptr);
  EXPECT_NE(Registry<Bird>::Get().Find("lake.duck"), nullptr);
}

TEST(PendingRulesTest, AreGoneWhenNobodyAcceptsThem) {
  {
    PendingRules rules;
    Registry<Fish>::Get().Add("sea.cod", std::make_unique<Fish>());
  }
  EXPECT_EQ(Registry<Fish>::Get().Find("sea.cod"), nullptr);
  Registry<Fish>::Get().Add("sea.herring", std::make_unique<Fish>());
  EXPECT_NE(Registry<Fish>::Get().Find("sea.herring"), nullptr);
}

TEST(PendingRulesTest, AreAcceptedTogetherOrNotAtAll) {
  Registry<Fish>::Get().Add("river.pike", std::make_unique<Fish>());
  PendingRules rules;
  Registry<Bird>::Get().Add("river.heron", std::make_unique<Bird>());
  Registry<Fish>::Get().Add("river.pike", std::make_unique<Fish>());
  const absl::Status status = rules.Accept();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(), "\"river.pike\" is registered twice");
  EXPECT_EQ(Registry<Bird>::Get().Find("river.heron"), nullptr);
  // The host has done nothing wrong.
  EXPECT_TRUE(Registry<Fish>::Get().RegistrationStatus().ok());
}

TEST(PendingRulesTest, MayNotHaveOneKeyTwice) {
  PendingRules rules;
  Registry<Bird>::Get().Add("pond.goose", std::make_unique<Bird>());
  Registry<Bird>::Get().Add("pond.goose", std::make_unique<Bird>());
  EXPECT_EQ(rules.Accept().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Registry<Bird>::Get().Find("pond.goose"), nullptr);
}

TEST(PendingRulesTest, AreThoseOfTheirThread) {
  PendingRules rules;
  std::thread([] { Registry<Bird>::Get().Add("sky.swift", std::make_unique<Bird>()); }).join();
  EXPECT_TRUE(rules.entries().empty());
  EXPECT_NE(Registry<Bird>::Get().Find("sky.swift"), nullptr);
}

TEST(RegistryTest, IsOneForEachKindOfRule) {
  struct Plant {};
  EXPECT_TRUE(Registry<Plant>::Get().Keys().empty());
}

}  // namespace
}  // namespace gradus
