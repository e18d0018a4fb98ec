// What the origin answers and the load expects, byte for byte, in Anthropic's wire form. One file,
// so that a gateway which loses or adds a single byte is seen.
#ifndef BENCH_SHAPE_H
#define BENCH_SHAPE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define UNARY_BYTES 1024

#define STREAM_OPENING                                                                            \
  "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_bench\","    \
  "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-bench\",\"content\":[],"        \
  "\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":25,"                   \
  "\"output_tokens\":1}}}\n\n"                                                                    \
  "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"              \
  "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"

#define STREAM_CLOSING                                                                            \
  "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"            \
  "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"           \
  "\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":15}}\n\n"                    \
  "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"

// '@' occurs nowhere else. The twelve digits after it are the origin's CLOCK_MONOTONIC in ns,
// modulo 2^48; all zero where the moment of writing means nothing (full speed).
#define EVENT_BEFORE_STAMP                                                                        \
  "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"              \
  "\"delta\":{\"type\":\"text_delta\",\"text\":\"@"
#define EVENT_AFTER_STAMP "\"}}\n\n"

#define STAMP_MARK '@'
#define STAMP_DIGITS 12
#define STAMP_MASK 0xffffffffffffull
#define LENGTH_OF(text) (sizeof(text) - 1)
#define STAMP_OFFSET LENGTH_OF(EVENT_BEFORE_STAMP)
#define EVENT_BYTES (LENGTH_OF(EVENT_BEFORE_STAMP) + STAMP_DIGITS + LENGTH_OF(EVENT_AFTER_STAMP))

static inline void write_stamp(char *at, uint64_t ns) {
  for (int i = STAMP_DIGITS - 1; i >= 0; i -= 1, ns >>= 4) at[i] = "0123456789abcdef"[ns & 15];
}

static inline void write_event(char *at) {
  memcpy(at, EVENT_BEFORE_STAMP, STAMP_OFFSET);
  memset(at + STAMP_OFFSET, '0', STAMP_DIGITS);
  memcpy(at + STAMP_OFFSET + STAMP_DIGITS, EVENT_AFTER_STAMP, LENGTH_OF(EVENT_AFTER_STAMP));
}

/** The whole unary answer: a complete Anthropic message of UNARY_BYTES bytes. */
static inline void write_unary(char *at) {
  static const char before[] =
      "{\"id\":\"msg_bench\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-bench\","
      "\"content\":[{\"type\":\"text\",\"text\":\"";
  static const char after[] =
      "\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":25,"
      "\"output_tokens\":15}}";
  memset(at, 'x', UNARY_BYTES);
  memcpy(at, before, LENGTH_OF(before));
  memcpy(at + UNARY_BYTES - LENGTH_OF(after), after, LENGTH_OF(after));
}

/** Payload bytes of a stream with that many content events. */
static inline uint64_t stream_bytes(long events) {
  return LENGTH_OF(STREAM_OPENING) + (uint64_t)events * EVENT_BYTES + LENGTH_OF(STREAM_CLOSING);
}

#endif
