// The little HTTP/1.1 that origin and load need: end of head, the fields that decide framing, and
// an incremental reader of chunked bodies that works at any split.
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct head {
  long content_length;  // -1 = none
  bool chunked;
  bool close;
  bool expects_continue;
};

static inline bool field_is(const char *line, const char *end, const char *name, size_t length) {
  return (size_t)(end - line) > length && line[length] == ':' && strncasecmp(line, name, length) == 0;
}

static inline void read_field(struct head *head, const char *line, const char *end) {
  switch (line[0] | 0x20) {
    case 'c':
      if (field_is(line, end, "content-length", 14)) head->content_length = atol(line + 15);
      else if (field_is(line, end, "connection", 10)) {
        const char *value = line + 11;
        while (value < end && *value == ' ') value += 1;
        if (end - value >= 5 && strncasecmp(value, "close", 5) == 0) head->close = true;
      }
      break;
    case 't':
      if (field_is(line, end, "transfer-encoding", 17)) head->chunked = true;
      break;
    case 'e':
      if (field_is(line, end, "expect", 6)) head->expects_continue = true;
      break;
    default:
      break;
  }
}

/** Reads the fields after the first line; `end` is just past the blank line. */
static inline void read_fields(struct head *head, const char *at, const char *end) {
  memset(head, 0, sizeof *head);
  head->content_length = -1;
  at = memchr(at, '\n', (size_t)(end - at));
  while (at != NULL && (at += 1) < end) {
    const char *next = memchr(at, '\n', (size_t)(end - at));
    if (next == NULL || next - at <= 1) return;
    read_field(head, at, next);
    at = next;
  }
}

enum chunk_state { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_CRLF, CHUNK_TRAILER };

struct chunks {
  enum chunk_state state;
  size_t left;
  int digits;
  int line;  // bytes in the current trailer line
};

enum chunk_step { CHUNKS_MORE, CHUNKS_PIECE, CHUNKS_DONE, CHUNKS_BAD };

static inline int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** One step through bytes[*at..end): a piece of payload, a wish for more, the end, or nonsense. */
static inline enum chunk_step next_chunk(struct chunks *c, const char **at, const char *end,
                                         const char **piece, size_t *length) {
  while (*at < end) {
    char byte = **at;
    int digit;
    switch (c->state) {
      case CHUNK_SIZE:
        *at += 1;
        digit = hex_value(byte);
        if (digit >= 0 && c->digits < 8) {
          c->left = c->left * 16 + (size_t)digit;
          c->digits += 1;
        } else if (c->digits > 0 && (byte == '\r' || byte == ';')) c->state = CHUNK_EXTENSION;
        else return CHUNKS_BAD;
        break;
      case CHUNK_EXTENSION:
        *at += 1;
        if (byte != '\n') break;
        c->state = c->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
        c->digits = 0;
        c->line = 0;
        break;
      case CHUNK_DATA:
        *piece = *at;
        *length = (size_t)(end - *at) < c->left ? (size_t)(end - *at) : c->left;
        *at += *length;
        c->left -= *length;
        if (c->left == 0) c->state = CHUNK_CRLF;
        return CHUNKS_PIECE;
      case CHUNK_CRLF:
        *at += 1;
        if (byte == '\n') c->state = CHUNK_SIZE;
        else if (byte != '\r') return CHUNKS_BAD;
        break;
      case CHUNK_TRAILER:
        *at += 1;
        if (byte == '\n') {
          if (c->line == 0) return CHUNKS_DONE;
          c->line = 0;
        } else if (byte != '\r') c->line += 1;
        break;
    }
  }
  return CHUNKS_MORE;
}

/** Bytes of a head that came in more than one read. */
struct partial {
  char *bytes;
  size_t length;
};

#define HEAD_BYTES_MAX 16384u

/**
 * Looks for the end of a head in chunk[0..length). Returns bytes of `chunk` used, 0 when more is
 * needed, -1 when too long. The whole head is then *head[0..*head_length).
 */
static inline long find_head(struct partial *p, const char *chunk, size_t length,
                             const char **head, size_t *head_length) {
  if (p->length == 0) {
    const char *end = memmem(chunk, length, "\r\n\r\n", 4);
    if (end != NULL) {
      *head = chunk;
      *head_length = (size_t)(end - chunk) + 4;
      return (long)*head_length;
    }
  }
  if (p->length + length > HEAD_BYTES_MAX * 16) return -1;
  size_t before = p->length;
  p->bytes = realloc(p->bytes, before + length + 1);
  memcpy(p->bytes + before, chunk, length);
  p->length += length;
  const char *end = memmem(p->bytes, p->length, "\r\n\r\n", 4);
  if (end == NULL) return p->length > HEAD_BYTES_MAX ? -1 : 0;
  *head = p->bytes;
  *head_length = (size_t)(end - p->bytes) + 4;
  p->length = 0;
  return (long)(*head_length - before);
}

static inline void drop_partial(struct partial *p) {
  free(p->bytes);
  p->bytes = NULL;
  p->length = 0;
}

#endif
