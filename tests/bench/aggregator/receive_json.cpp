// receive_json: receives messages on a free port of 127.0.0.1 until SIGTERM, and treats them as the
// aggregator does: reads each with a JSON parser, adds up exactly, and counts rejected messages by the same
// reasons.
//
// Compiled with -DWITH_SIMDJSON or -DWITH_RAPIDJSON. The parser alone reads an ordinary message, unchanged.
// Text that the parser refuses or can't read exactly is read a second time, piece by piece: see `Piece`.
//
// Reports as receive.c does; `stopped` also has A2_max, A3_min and `rejected`.
#include "receive.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

enum {
  BATCH = 128, // as many as sluice takes; measured once: 1024 took 1.1 times as long
  FLOOD = 2048,
  DATAGRAM_BYTES_MAX = 8192,
  STRIDE = DATAGRAM_BYTES_MAX + 64, // not a power of two, and with room for parsers that read past the end
};

enum Reason { EMPTY, TRUNCATED, SYNTAX, MISSING_FIELD, NOT_INTEGER, OUT_OF_RANGE, REASONS };
static const char *const REASON_NAMES[REASONS] = {"empty",         "truncated",   "syntax",
                                                  "missing_field", "not_integer", "out_of_range"};

static unsigned long long received, accepted, rejected[REASONS];
static __int128 a1_sum;
static int64_t a2_max = INT64_MIN, a3_min = INT64_MAX;

enum class Kind { Missing, Integer, NotInteger, OutOfRange };

struct Field {
  Kind kind;
  int64_t value;
};

struct Fields {
  Field a[3];
  void clear() { a[0].kind = a[1].kind = a[2].kind = Kind::Missing; }
};

static int field_of(const char *key, size_t length) {
  return length == 2 && key[0] == 'A' && key[1] >= '1' && key[1] <= '3' ? key[1] - '1' : -1;
}

// A parser's result for a text: an object, no object, or an object that must be read as a `Piece`.
enum class Verdict { Object, None, Unsure };

#if defined(WITH_SIMDJSON)

#include <simdjson.h>
namespace dom = simdjson::dom;

class Reader {
  dom::parser parser;

public:
  Reader() {
    if (parser.allocate(DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MAX) != simdjson::SUCCESS) abort();
  }

  Verdict read(const char *text, size_t length, Fields &into) {
    return read_object(parser.parse(text, length, false), into);
  }

  // Reads several lines at once; returns false unless each is an object that the parser reads exactly.
  // Measured once: takes 0.6 times as long as reading the lines one by one.
  bool read_lines(const char *text, size_t length, std::vector<Fields> &into) {
    dom::document_stream documents;
    if (parser.parse_many(text, length, length).get(documents) != simdjson::SUCCESS) return false;
    size_t line = 0;
    for (auto at = documents.begin(); at != documents.end(); ++at) {
      Fields fields;
      if (at.current_index() != line || read_object(*at, fields) != Verdict::Object) return false;
      into.push_back(fields);
      const char *newline = (const char *)memchr(text + line, '\n', length - line);
      line = newline ? size_t(newline + 1 - text) : length;
    }
    return line == length && documents.truncated_bytes() == 0;
  }

private:
  static Verdict read_object(simdjson::simdjson_result<dom::element> document, Fields &into) {
    dom::object object;
    if (document.get(object) != simdjson::SUCCESS) return Verdict::None;
    into.clear();
    for (dom::key_value_pair member : object) {
      int field = field_of(member.key.data(), member.key.size());
      if (field < 0) continue;
      switch (member.value.type()) {
      case dom::element_type::INT64: into.a[field] = {Kind::Integer, int64_t(member.value)}; break;
      case dom::element_type::UINT64: into.a[field].kind = Kind::OutOfRange; break;
      case dom::element_type::DOUBLE: return Verdict::Unsure;
      default: into.a[field].kind = Kind::NotInteger;
      }
    }
    return Verdict::Object;
  }
};

#elif defined(WITH_RAPIDJSON)

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

struct Handler : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Handler> {
  Fields *into;
  int depth, field;
  bool is_object, is_unsure;

  void begin(Fields &fields) {
    fields.clear();
    into = &fields;
    depth = 0;
    field = -1;
    is_object = is_unsure = false;
  }
  bool put(Kind kind, int64_t value = 0) {
    if (depth == 1 && field >= 0) into->a[field] = {kind, value};
    return true;
  }
  bool Default() { return put(Kind::NotInteger); }
  bool Int(int value) { return put(Kind::Integer, value); }
  bool Uint(unsigned value) { return put(Kind::Integer, value); }
  bool Int64(int64_t value) { return put(Kind::Integer, value); }
  bool Uint64(uint64_t value) {
    return value > INT64_MAX ? put(Kind::OutOfRange) : put(Kind::Integer, int64_t(value));
  }
  bool Double(double) { return !(is_unsure = depth == 1 && field >= 0); }
  bool Key(const char *key, rapidjson::SizeType length, bool) {
    if (depth == 1) field = field_of(key, length);
    return true;
  }
  bool open() {
    put(Kind::NotInteger);
    depth++;
    return true;
  }
  bool StartObject() {
    if (depth == 0) is_object = true;
    return open();
  }
  bool StartArray() { return open(); }
  bool EndObject(rapidjson::SizeType) { return depth--; }
  bool EndArray(rapidjson::SizeType) { return depth--; }
};

class Reader {
  rapidjson::Reader reader;
  Handler handler;

public:
  Verdict read(const char *text, size_t length, Fields &into) {
    rapidjson::MemoryStream stream(text, length);
    handler.begin(into);
    constexpr unsigned FLAGS = rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
    rapidjson::ParseResult result = reader.Parse<FLAGS>(stream, handler);
    if (handler.is_unsure) return Verdict::Unsure;
    // RapidJSON takes a zero byte for the end of the text.
    return result && handler.is_object && stream.Tell() == length ? Verdict::Object : Verdict::None;
  }

  bool read_lines(const char *, size_t, std::vector<Fields> &) { return false; }
};

#else
#error "Choose a parser: -DWITH_SIMDJSON or -DWITH_RAPIDJSON"
#endif

static bool is_space(char byte, bool over_lines) {
  return byte == ' ' || byte == '\t' || byte == '\r' || (over_lines && byte == '\n');
}

static const char *skip_space(const char *at, const char *end, bool over_lines) {
  while (at < end && is_space(*at, over_lines)) at++;
  return at;
}

static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// Returns the place after the number (RFC 8259, section 6) at `at`, or null if there is none.
static const char *behind_number(const char *at, const char *end) {
  auto digits = [&] {
    const char *start = at;
    while (at < end && is_digit(*at)) at++;
    return at > start;
  };
  if (at < end && *at == '-') at++;
  if (at < end && *at == '0') at++;
  else if (!digits()) return nullptr;
  if (at < end && *at == '.' && (at++, !digits())) return nullptr;
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    if (!digits()) return nullptr;
  }
  return at;
}

// Returns the mathematical value of a valid number, if that is an int64.
static Field evaluate(std::string_view number) {
  bool negative = number[0] == '-';
  std::string digits;
  int64_t power = 0; // the power of ten of the last digit
  bool behind_point = false;
  for (size_t i = negative; i < number.size(); i++) {
    if (number[i] == '.') behind_point = true;
    else if (is_digit(number[i])) {
      digits += number[i];
      power -= behind_point;
    } else {
      bool down = number[++i] == '-';
      int64_t exponent = 0;
      for (i += !is_digit(number[i]); i < number.size(); i++)
        if (exponent < 1000000) exponent = exponent * 10 + number[i] - '0';
      power += down ? -exponent : exponent;
      break;
    }
  }
  digits.erase(0, digits.find_first_not_of('0'));
  if (digits.empty()) return {Kind::Integer, 0};
  for (; digits.back() == '0'; digits.pop_back()) power++;
  if (power < 0) return {Kind::NotInteger, 0};
  if (int64_t(digits.size()) + power > 19) return {Kind::OutOfRange, 0};
  __int128 value = 0;
  for (char digit : digits) value = value * 10 + (digit - '0');
  while (power-- > 0) value *= 10;
  if (negative) value = -value;
  return value < INT64_MIN || value > INT64_MAX ? Field{Kind::OutOfRange, 0} : Field{Kind::Integer, int64_t(value)};
}

// The object at the beginning of a text, rewritten so that every parser reads it exactly: an index replaces
// each number, and another character's escape replaces a surrogate's escape, because JSON.parse accepts
// unpaired surrogates.
class Piece {
  std::string text;
  std::vector<std::string_view> numbers;

public:
  // Reads the object; returns the place after it, or null. Adds spaces, because parsers read past the end.
  const char *read(const char *at, const char *end, Reader &reader, Fields &into) {
    text.clear();
    numbers.clear();
    at = copy(at, end);
    if (at == nullptr) return nullptr;
    size_t length = text.size();
    text.append(64, ' ');
    if (reader.read(text.data(), length, into) != Verdict::Object) return nullptr;
    for (Field &field : into.a)
      if (field.kind == Kind::Integer) field = evaluate(numbers[size_t(field.value)]);
    return at;
  }

private:
  const char *copy(const char *at, const char *end) {
    for (int depth = 0; at < end;) {
      char byte = *at;
      if (byte == '"') {
        if ((at = copy_string(at, end)) == nullptr) return nullptr;
        continue;
      }
      if (byte == '-' || is_digit(byte)) {
        const char *behind = behind_number(at, end);
        if (behind == nullptr) return nullptr;
        text += std::to_string(numbers.size());
        text += ' '; // Two adjacent numbers must stay two.
        numbers.emplace_back(at, size_t(behind - at));
        at = behind;
        continue;
      }
      text += byte;
      at++;
      if (byte == '{' || byte == '[') depth++;
      if ((byte == '}' || byte == ']') && --depth == 0) return at;
    }
    return nullptr;
  }

  const char *copy_string(const char *at, const char *end) {
    text += *at++;
    while (at < end) {
      char byte = *at++;
      text += byte;
      if (byte == '"') return at;
      if (byte != '\\' || at == end) continue;
      bool is_surrogate = end - at >= 3 && at[0] == 'u' && (at[1] | 0x20) == 'd' && at[2] >= '8' &&
                          (is_digit(at[2]) || ((at[2] | 0x20) >= 'a' && (at[2] | 0x20) <= 'f'));
      text += *at++;
      if (!is_surrogate) continue;
      text += '0';
      at++;
    }
    return nullptr;
  }
};

static Reader reader;
static Piece piece;

static void add(const Fields &fields) {
  const Field *a = fields.a;
  auto any = [&](Kind kind) { return a[0].kind == kind || a[1].kind == kind || a[2].kind == kind; };
  if (any(Kind::Missing)) rejected[MISSING_FIELD]++;
  else if (any(Kind::NotInteger)) rejected[NOT_INTEGER]++;
  else if (any(Kind::OutOfRange)) rejected[OUT_OF_RANGE]++;
  else {
    accepted++;
    a1_sum += a[0].value;
    if (a[1].value > a2_max) a2_max = a[1].value;
    if (a[2].value < a3_min) a3_min = a[2].value;
  }
}

// Adds up an array of messages, all or none; returns the place after it, or null.
static const char *add_array(const char *at, const char *end, bool over_lines) {
  std::vector<Fields> all;
  do {
    at = skip_space(at + 1, end, over_lines);
    if (at == end || *at != '{') return nullptr;
    Fields fields;
    if ((at = piece.read(at, end, reader, fields)) == nullptr) return nullptr;
    all.push_back(fields);
    at = skip_space(at, end, over_lines);
  } while (at < end && *at == ',');
  if (at == end || *at != ']') return nullptr;
  if (over_lines && skip_space(at + 1, end, true) != end) return nullptr;
  for (const Fields &fields : all) add(fields);
  return at + 1;
}

// Adds up a datagram that is one object or one array from beginning to end; returns false if it is not.
static bool add_whole(const char *at, const char *end) {
  at = skip_space(at, end, true);
  if (at < end && *at == '[') return add_array(at, end, true) != nullptr;
  Fields fields;
  if (at == end || *at != '{' || (at = piece.read(at, end, reader, fields)) == nullptr) return false;
  if (skip_space(at, end, true) != end) return false;
  add(fields);
  return true;
}

// Adds up the messages of a line, one after the other; returns false at the first text that is no JSON.
static bool add_pieces(const char *at, const char *end) {
  do {
    at = skip_space(at, end, false);
    if (at == end) return false;
    if (*at == '[') at = add_array(at, end, false);
    else {
      Fields fields;
      if (*at != '{' || (at = piece.read(at, end, reader, fields)) == nullptr) return false;
      add(fields);
    }
    if (at == nullptr) return false;
  } while (skip_space(at, end, false) != end);
  return true;
}

static std::vector<Fields> lines;

// Adds up a datagram of several lines, if each of them is an ordinary message; returns false if not.
static bool add_lines(const char *start, const char *end) {
  if (memchr(start, '\n', size_t(end - start)) == nullptr) return false;
  lines.clear();
  if (!reader.read_lines(start, size_t(end - start), lines)) return false;
  for (const Fields &fields : lines) add(fields);
  return true;
}

static unsigned long long read_so_far() {
  return accepted + rejected[MISSING_FIELD] + rejected[NOT_INTEGER] + rejected[OUT_OF_RANGE];
}

static void add_datagram(const char *start, const char *end, bool truncated) {
  received++;
  if (truncated) {
    rejected[TRUNCATED]++;
    while (end > start && end[-1] != '\n') end--;
    if (end == start) return;
  }
  if (add_lines(start, end)) return;
  unsigned long long empty = 0, broken = 0, before = read_so_far();
  bool may_be_whole = !truncated;
  const char *at = start;
  do {
    const char *newline = (const char *)memchr(at, '\n', size_t(end - at));
    const char *behind = newline ? newline : end;
    Fields fields;
    if (behind == at || (newline && behind - at == 1 && *at == '\r')) empty++;
    else if (reader.read(at, size_t(behind - at), fields) == Verdict::Object) add(fields);
    else if (!add_pieces(at, behind)) {
      if (may_be_whole && skip_space(at, behind, false) < behind) {
        may_be_whole = false;
        if (read_so_far() == before && add_whole(at, end)) return;
      }
      broken++;
    }
    at = behind + 1;
  } while (at < end);
  rejected[EMPTY] += empty;
  rejected[SYNTAX] += broken;
}

static mmsghdr headers[BATCH];
static iovec slots[BATCH];
static char data[BATCH * STRIDE];

static int receive_batch(int fd) {
  int count = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; i++) {
    const char *start = data + i * STRIDE;
    add_datagram(start, start + headers[i].msg_len, headers[i].msg_hdr.msg_flags & MSG_TRUNC);
  }
  return count;
}

static void receive_full_batches(int fd) {
  long sleep_us = SLEEP_US_MIN;
  int flood, count, last;
  do {
    last = stopping; // Read once more after the stop: datagrams that came before it.
    flood = 0;
    do flood += (count = receive_batch(fd)) > 0 ? count : 0;
    while (count == BATCH && flood < FLOOD);
    if (flood > 0) sleep_us = sleep_after(flood, FLOOD, sleep_us);
    else if (!last) wait_for_datagram(fd);
  } while (!last || flood > 0);
}

static std::string decimal(__int128 value) {
  if (value < 0) return "-" + decimal(-value);
  std::string digit(1, char('0' + int(value % 10)));
  return value < 10 ? digit : decimal(value / 10) + digit;
}

int main() {
  for (int i = 0; i < BATCH; i++) {
    slots[i] = {data + i * STRIDE, DATAGRAM_BYTES_MAX};
    headers[i].msg_hdr.msg_iov = &slots[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  int fd = listen_on_free_port();
  if (fd < 0) return 1;
  receive_full_batches(fd);
  printf("{\"event\":\"stopped\",\"received\":%llu,\"accepted\":%llu,\"A1_sum\":%s", received, accepted,
         decimal(a1_sum).c_str());
  if (accepted > 0) printf(",\"A2_max\":%lld,\"A3_min\":%lld", (long long)a2_max, (long long)a3_min);
  printf(",\"rejected\":{");
  for (int i = 0; i < REASONS; i++) printf("%s\"%s\":%llu", i ? "," : "", REASON_NAMES[i], rejected[i]);
  printf("}}\n");
}
