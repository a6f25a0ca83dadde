// The parser of the language: protobuf text, read strictly and in one pass into a message by
// reflection, with the place of every value.
//
// It is not google::protobuf::TextFormat because that ends at the first thing it does not like, and
// takes nan, 1e999, 010 and enum numbers. Here only a malformed token ends the parse; everything
// else that is wrong becomes a finding and the parse goes on. What this parser accepts without a
// finding, TextFormat accepts with the same result (tests and the fuzz target compare them).
//
// Internal to the language; others call ParseTextConfig().

#ifndef GRADUS_BASE_TEXT_PARSER_H_
#define GRADUS_BASE_TEXT_PARSER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/message.h"
#include "gradus/base/config_path.h"
#include "gradus/base/text_positions.h"
#include "gradus/base/text_scalar.h"

namespace gradus {

// A finding before names and positions are known: elements of its path are selected by position.
struct TextFinding {
  std::string code;
  ConfigPath path;
  // What the message begins with: the thing that the path is, or that it is a field of.
  enum Subject { kNone, kPath, kOwner };
  Subject subject = kNone;
  int source = 0, line = 0, column = 0;
  std::string text;  // Without its subject.
  std::string hint;
};

class TextParser {
 public:
  // `source` as in PositionNode; the text begins `column_shift` characters after the beginning of
  // its first line. `unread` as in ParseTextConfig.
  TextParser(absl::string_view text, int source, int column_shift,
             std::vector<TextFinding>* findings, absl::Span<const absl::string_view> unread = {});
  ~TextParser();

  // Reads fields up to the end of the text. False when the text is malformed, which is then the
  // last finding.
  bool ParseFields(google::protobuf::Message* message, PositionNode* node, const ConfigPath& path);

  // Reads one value, or a list for a repeated field, up to the end of the text, and adds it to the
  // message. With `bare_words` an identifier will do for a string. In findings, element k of a list
  // is called k + `first`.
  bool ParseValues(google::protobuf::Message* message,
                   const google::protobuf::FieldDescriptor* field, PositionNode* node,
                   const ConfigPath& path, bool bare_words, int first = 0);

 private:
  struct Collector;
  // The messages around the one that is being read, innermost first; becomes a ConfigPath only when
  // something is found.
  struct Frame {
    const Frame* outer;
    const google::protobuf::FieldDescriptor* field;
    int index;
  };
  struct Place {
    int line, column;
  };

  ConfigPath PathOf(const Frame* frame) const;
  void Find(absl::string_view code, const ConfigPath& path, TextFinding::Subject subject,
            Place place, std::string text, std::string hint = "");
  void FindInField(absl::string_view code, const Frame* frame,
                   const google::protobuf::FieldDescriptor* field, Place place, std::string text,
                   std::string hint = "");
  bool Malformed(absl::string_view expected);

  const google::protobuf::io::Tokenizer::Token& token() { return tokenizer_->current(); }
  Place Here();
  void Next();
  bool At(char symbol);
  bool AtEnd();
  bool Take(char symbol);
  bool Fine();  // No malformed token so far, and not too many findings.

  bool ParseBody(google::protobuf::Message* message, PositionNode* node, const Frame* frame,
                 char end);
  bool ParseField(google::protobuf::Message* message, PositionNode* node, const Frame* frame);
  bool ParseFieldName(google::protobuf::Message* message, const Frame* frame,
                      const google::protobuf::FieldDescriptor** field);
  bool ParseFieldValue(google::protobuf::Message* message,
                       const google::protobuf::FieldDescriptor* field, PositionNode* node,
                       const Frame* frame, Place name, bool colon);
  bool ParseOne(google::protobuf::Message* message, const google::protobuf::FieldDescriptor* field,
                PositionNode* node, const Frame* frame, Place place);
  bool ParseScalar(TextScalar* scalar);
  bool IsUnread(const google::protobuf::FieldDescriptor* field) const;
  bool SkipValue(bool colon, int depth);
  bool SkipBody(char end, int depth);

  const int source_;
  const int column_shift_;
  std::vector<TextFinding>* const findings_;
  const absl::Span<const absl::string_view> unread_;
  ConfigPath base_;
  int depth_ = 0;
  int first_ = 0;
  bool bare_words_ = false;
  bool malformed_ = false;
  google::protobuf::io::ArrayInputStream stream_;
  std::unique_ptr<Collector> collector_;
  std::unique_ptr<google::protobuf::io::Tokenizer> tokenizer_;
};

}  // namespace gradus

#endif  // GRADUS_BASE_TEXT_PARSER_H_
