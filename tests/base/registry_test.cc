// Registries: found, listed, duplicates kept out.

#include "gradus/base/registry.h"

#include <gtest/gtest.h>

#include <string>
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

TEST(RegistryTest, KeepsTheFirstOfTwoUnderOneKeyAndSaysSo) {
  Registry<Animal> registry;
  EXPECT_TRUE(registry.RegistrationStatus().ok());
  registry.Add("pet", std::make_unique<Dog>());
  registry.Add("pet", std::make_unique<Cat>());
  registry.Add("other", std::make_unique<Dog>());
  registry.Add("other", std::make_unique<Cat>());
  EXPECT_EQ(registry.Find("pet")->Sound(), "woof");
  EXPECT_EQ(registry.RegistrationStatus().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(registry.RegistrationStatus().message(), "\"pet\" is registered twice");
}

TEST(RegistryTest, IsOneForEachKindOfRule) {
  struct Plant {};
  EXPECT_TRUE(Registry<Plant>::Get().Keys().empty());
}

}  // namespace
}  // namespace gradus
