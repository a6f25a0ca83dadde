// A recursive descent over protobuf's own tokenizer:
//
//   fields = { name ( ":" value | [":"] message | ":"? "[" list "]" ) [ "," | ";" ] }
//   name   = IDENTIFIER | "[" full.name "]"

#include "gradus/base/text_parser.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/text_config.h"
#include "gradus/base/tokenizer_words.h"

namespace gradus {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::io::Tokenizer;

bool IsMessage(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

// The member of the field's oneof that is set, other than the field itself, or null.
const FieldDescriptor* Rival(const Message& message, const FieldDescriptor* field) {
  if (field->containing_oneof() == nullptr) return nullptr;
  const FieldDescriptor* set =
      message.GetReflection()->GetOneofFieldDescriptor(message, field->containing_oneof());
  return set == field ? nullptr : set;
}

}  // namespace

// Keeps the first complaint of the tokenizer.
struct TextParser::Collector : public google::protobuf::io::ErrorCollector {
  void AddError(int line, int column, const std::string& message) override {
    if (!text.empty()) return;
    text = message;
    place = {line, column};
  }
  std::string text;
  Place place = {0, 0};
};

TextParser::TextParser(absl::string_view text, int source, int column_shift,
                       std::vector<TextFinding>* findings,
                       absl::Span<const absl::string_view> unread)
    : source_(source),
      column_shift_(column_shift),
      findings_(findings),
      unread_(unread),
      stream_(text.data(), static_cast<int>(text.size())),
      collector_(new Collector),
      tokenizer_(new Tokenizer(&stream_, collector_.get())) {
  tokenizer_->set_comment_style(Tokenizer::SH_COMMENT_STYLE);
  Next();
}

TextParser::~TextParser() = default;

ConfigPath TextParser::PathOf(const Frame* frame) const {
  if (frame == nullptr) return base_;
  const ConfigPath outer = PathOf(frame->outer);
  const std::string segment = SegmentName(frame->field);
  if (frame->index < 0) return outer.Child(segment);
  return outer.Child(segment, frame->index + (frame->outer == nullptr ? first_ : 0), "");
}

void TextParser::Find(absl::string_view code, const ConfigPath& path, TextFinding::Subject subject,
                      Place place, std::string text, std::string hint) {
  if (malformed_) return;
  TextFinding finding;
  finding.code = std::string(code);
  finding.path = path;
  finding.subject = subject;
  finding.source = source_;
  finding.line = place.line + 1;
  finding.column = place.column + 1 + (place.line == 0 ? column_shift_ : 0);
  finding.text = std::move(text);
  finding.hint = std::move(hint);
  findings_->push_back(std::move(finding));
  if (findings_->size() >= Diagnostics::kMostFindings) malformed_ = true;  // Enough is enough.
}

void TextParser::FindInField(absl::string_view code, const Frame* frame,
                             const FieldDescriptor* field, Place place, std::string text,
                             std::string hint) {
  Find(code, PathOf(frame).Child(SegmentName(field)), TextFinding::kOwner, place, std::move(text),
       std::move(hint));
}

bool TextParser::Malformed(absl::string_view expected) {
  std::string shown = token().text;
  if (token().type == Tokenizer::TYPE_STRING) Tokenizer::ParseString(token().text, &shown);
  Find("syntax", ConfigPath(), TextFinding::kNone, Here(),
       absl::StrCat("expected ", expected, ", found ",
                    AtEnd() ? "the end of the text" : Quoted(shown)));
  malformed_ = true;
  return false;
}

TextParser::Place TextParser::Here() { return {token().line, token().column}; }
bool TextParser::AtEnd() { return token().type == Tokenizer::TYPE_END; }
bool TextParser::Fine() { return !malformed_; }
bool TextParser::At(char symbol) {
  return token().type == Tokenizer::TYPE_SYMBOL && token().text[0] == symbol;
}

bool TextParser::Take(char symbol) {
  if (!At(symbol)) return false;
  Next();
  return true;
}

void TextParser::Next() {
  tokenizer_->Next();
  if (collector_->text.empty() || malformed_) return;
  Find("syntax", ConfigPath(), TextFinding::kNone, collector_->place, InOurWords(collector_->text));
  malformed_ = true;
}

bool TextParser::ParseFields(Message* message, PositionNode* node, const ConfigPath& path) {
  base_ = path;
  depth_ = static_cast<int>(path.segments().size());
  return Fine() && ParseBody(message, node, nullptr, '\0');
}

bool TextParser::ParseValues(Message* message, const FieldDescriptor* field, PositionNode* node,
                             const ConfigPath& path, bool bare_words, int first) {
  base_ = path;
  first_ = first;
  depth_ = static_cast<int>(path.segments().size());
  bare_words_ = bare_words;
  if (!Fine() || !ParseFieldValue(message, field, node, nullptr, Here(), /*colon=*/true))
    return false;
  return AtEnd() || Malformed("nothing after the value");
}

// Reads up to and with the closing symbol, or to the end of the text when there is none.
bool TextParser::ParseBody(Message* message, PositionNode* node, const Frame* frame, char end) {
  while (Fine()) {
    if (end != '\0' && Take(end)) return Fine();
    if (AtEnd()) {
      if (end == '\0') return true;
      return Malformed(
          absl::StrCat("\"", std::string(1, end), "\" to close ", frame->field->name(),
                       node->source == 0 ? absl::StrCat(" of line ", node->line) : ""));
    }
    if (!ParseField(message, node, frame)) return false;
    if (!Take(',')) Take(';');
  }
  return false;
}

bool TextParser::ParseField(Message* message, PositionNode* node, const Frame* frame) {
  const Place name = Here();
  const FieldDescriptor* field = nullptr;
  if (!ParseFieldName(message, frame, &field)) return false;
  const bool colon = Take(':');
  if (field == nullptr || IsUnread(field)) return SkipValue(colon, depth_);

  const std::string twice =
      !field->is_repeated() && message->GetReflection()->HasField(*message, field)
          ? absl::StrCat(field->name(), " is set twice")
          : "";
  const FieldDescriptor* rival = field->is_repeated() ? nullptr : Rival(*message, field);
  if (twice.empty() && rival == nullptr) {
    return ParseFieldValue(message, field, node, frame, name, colon);
  }
  // What is too much is still read for its own mistakes, and then forgotten.
  PositionNode::Field* first = node->Find(rival == nullptr ? field : rival);
  const std::string where = first == nullptr || first->elements.empty()
                                ? ""
                                : absl::StrCat(" in line ", first->elements[0].line);
  if (rival == nullptr) {
    FindInField("duplicate", frame, field, name, twice, absl::StrCat("it was set first", where));
  } else {
    Find("exactly-one", PathOf(frame), TextFinding::kPath, name,
         absl::StrCat(rival->name(), " and ", field->name(), " are both set"),
         absl::StrCat("only one of them can be; ", rival->name(), " was set first", where));
  }
  std::unique_ptr<Message> forgotten(message->New());
  PositionNode forgotten_node;
  return ParseFieldValue(forgotten.get(), field, &forgotten_node, frame, name, colon);
}

// *field is null when nothing is called that.
bool TextParser::ParseFieldName(Message* message, const Frame* frame,
                                const FieldDescriptor** field) {
  const Descriptor* type = message->GetDescriptor();
  const Place place = Here();
  if (Take('[')) {
    std::string name;
    do {
      if (token().type != Tokenizer::TYPE_IDENTIFIER) return Malformed("an extension's name");
      absl::StrAppend(&name, name.empty() ? "" : ".", token().text);
      Next();
    } while (Take('.'));
    if (!Take(']')) return Malformed("\"]\"");
    *field = message->GetReflection()->FindKnownExtensionByName(name);
    if (*field == nullptr) {
      Find("unknown-name", PathOf(frame), TextFinding::kPath, place,
           absl::StrCat("no extension is called ", Quoted(name)), SuggestExtension(type, name));
    }
    return Fine();
  }
  if (token().type != Tokenizer::TYPE_IDENTIFIER) return Malformed("the name of a field");
  const std::string name = token().text;
  *field = type->FindFieldByName(name);
  if (*field == nullptr) {
    Find("unknown-name", PathOf(frame), TextFinding::kPath, place,
         absl::StrCat("no field is called ", Quoted(name)), SuggestField(type, name));
  }
  Next();
  return Fine();
}

bool TextParser::ParseFieldValue(Message* message, const FieldDescriptor* field, PositionNode* node,
                                 const Frame* frame, Place name, bool colon) {
  const bool is_message = IsMessage(field);
  const bool opens = At('{') || At('<') || At('[');
  if (!colon && !opens) {
    return Malformed(absl::StrCat(is_message ? "\"{\"" : "\":\"", " after ", field->name()));
  }
  if (!colon && !is_message && At('['))
    return Malformed(absl::StrCat("\":\" after ", field->name()));
  if (!At('[')) {
    return ParseOne(message, field, node, frame, is_message ? name : Here());
  }
  if (!field->is_repeated()) {
    FindInField("wrong-type", frame, field, Here(),
                absl::StrCat(field->name(), " must be one value, not a list"));
    return SkipValue(/*colon=*/true, depth_);
  }
  Next();
  if (Take(']')) return Fine();
  do {
    if (!ParseOne(message, field, node, frame, Here())) return false;
  } while (Take(','));
  return (Take(']') && Fine()) || (Fine() && Malformed("\",\" or \"]\" in the list"));
}

// One message or scalar; its place in the tree is `place`.
bool TextParser::ParseOne(Message* message, const FieldDescriptor* field, PositionNode* node,
                          const Frame* frame, Place place) {
  const Reflection* reflection = message->GetReflection();
  if (!At('{') && !At('<')) {
    if (At('[')) return Malformed("a value");
    TextScalar scalar;
    const Place value = Here();
    if (!ParseScalar(&scalar)) return false;
    const ScalarProblem problem = SetScalar(message, field, scalar, bare_words_);
    if (!problem.text.empty()) {
      FindInField(problem.code, frame, field, value, problem.text, problem.hint);
      return Fine();
    }
    if (!field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
        field->name() == "name") {
      node->name = scalar.text;
    }
  } else if (!IsMessage(field)) {
    FindInField("wrong-type", frame, field, Here(),
                absl::StrCat(field->name(), " must be ", TypeInWords(field), ", not a message"));
    return SkipValue(/*colon=*/true, depth_);
  }

  std::vector<PositionNode>& elements = node->Get(field).elements;
  elements.emplace_back();
  PositionNode& element = elements.back();
  element.source = source_;
  element.line = place.line + 1;
  element.column = place.column + 1 + (place.line == 0 ? column_shift_ : 0);
  if (!IsMessage(field)) return Fine();

  const char end = At('{') ? '}' : '>';
  if (depth_ >= kMostNesting) {
    Find("syntax", ConfigPath(), TextFinding::kNone, Here(),
         absl::StrCat("messages are nested more than ", kMostNesting, " deep"));
    malformed_ = true;
    return false;
  }
  Next();
  const Frame inner = {frame, field,
                       field->is_repeated() ? reflection->FieldSize(*message, field) : -1};
  Message* child = field->is_repeated() ? reflection->AddMessage(message, field)
                                        : reflection->MutableMessage(message, field);
  ++depth_;
  const bool fine = ParseBody(child, &element, &inner, end);
  --depth_;
  return fine;
}

bool TextParser::ParseScalar(TextScalar* scalar) {
  scalar->line = token().line;
  scalar->column = token().column;
  scalar->negative = Take('-');
  if (!Fine()) return false;
  switch (token().type) {
    case Tokenizer::TYPE_INTEGER:
    case Tokenizer::TYPE_FLOAT:
      scalar->kind = TextScalar::kNumber;
      scalar->text = token().text;
      Next();
      return Fine();
    case Tokenizer::TYPE_IDENTIFIER:
      scalar->kind = TextScalar::kWord;
      scalar->text = token().text;
      Next();
      return Fine();
    case Tokenizer::TYPE_STRING:
      if (scalar->negative) return Malformed("a number after the minus");
      scalar->kind = TextScalar::kString;
      while (Fine() && token().type == Tokenizer::TYPE_STRING) {  // "a" "b" is "ab".
        Tokenizer::ParseStringAppend(token().text, &scalar->text);
        Next();
      }
      return Fine();
    default:
      return Malformed("a value");
  }
}

}  // namespace gradus
