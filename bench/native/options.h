// What the load generator was asked to do, and the request it sends.
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "net.h"
#include "shape.h"

#include <stdbool.h>

#define PIDS_MAX 64

static struct options {
  int port;
  const char *path;
  int conns;
  double seconds;
  double warm;
  double ramp_ms;
  double rate;   // calls/s of the open loop, 0 = closed loop
  bool burst;    // new connections for each call
  bool idle;     // open streams and hold them
  long events;   // expected content events, 0 = unary answer
  long gap_ms;
  bool chunk_per_write;
  bool loose;    // the target rewrites bytes: check events and completeness only
  long body;
  pid_t pids[PIDS_MAX];
  int pid_count;
  pid_t origin;
  char fields[4096];
} options = {.path = "/v1/messages", .conns = 64, .seconds = 5, .warm = 1, .body = 2048};

static struct {
  char *bytes;
  size_t length;
} request;

static const char usage[] =
    "usage: load --port N | --url http://127.0.0.1:N/path   [--conns 64] [--seconds 5] [--warm 1]\n"
    "  closed loop by default; --rate R: open loop; --burst: a new connection for each call;\n"
    "  --idle: open --conns streams and hold them until stdin ends or --seconds are over\n"
    "  --body 2048  --header 'name: value'  --events N --gap MS [--chunk-write] [--loose]\n"
    "  --ramp MS (spread of the first calls)  --pids A,B (CPU of these)  --origin-pid P  --child\n";

static void read_url(const char *url) {
  const char *at = strstr(url, "://127.0.0.1:");
  if (at == NULL) {
    fprintf(stderr, "load: only http://127.0.0.1:PORT/path is allowed as url\n");
    exit(2);
  }
  options.port = atoi(at + 13);
  const char *slash = strchr(at + 13, '/');
  if (slash != NULL && slash[1] != '\0') options.path = slash;
}

static void read_pids(char *list) {
  for (char *word = strtok(list, ","); word != NULL && options.pid_count < PIDS_MAX; word = strtok(NULL, ",")) {
    options.pids[options.pid_count++] = atoi(word);
  }
}

static bool read_flag(const char *word) {
  if (strcmp(word, "--burst") == 0) options.burst = true;
  else if (strcmp(word, "--idle") == 0) options.idle = true;
  else if (strcmp(word, "--chunk-write") == 0) options.chunk_per_write = true;
  else if (strcmp(word, "--loose") == 0) options.loose = true;
  else if (strcmp(word, "--child") == 0) die_with_parent();
  else return false;
  return true;
}

static bool read_option(const char *word, char *value) {
  if (strcmp(word, "--port") == 0) options.port = atoi(value);
  else if (strcmp(word, "--url") == 0) read_url(value);
  else if (strcmp(word, "--path") == 0) options.path = value;
  else if (strcmp(word, "--conns") == 0) options.conns = atoi(value);
  else if (strcmp(word, "--seconds") == 0) options.seconds = atof(value);
  else if (strcmp(word, "--warm") == 0) options.warm = atof(value);
  else if (strcmp(word, "--ramp") == 0) options.ramp_ms = atof(value);
  else if (strcmp(word, "--rate") == 0) options.rate = atof(value);
  else if (strcmp(word, "--events") == 0) options.events = atol(value);
  else if (strcmp(word, "--gap") == 0) options.gap_ms = atol(value);
  else if (strcmp(word, "--body") == 0) options.body = atol(value);
  else if (strcmp(word, "--pids") == 0) read_pids(value);
  else if (strcmp(word, "--origin-pid") == 0) options.origin = atoi(value);
  else if (strcmp(word, "--header") == 0) {
    size_t used = strlen(options.fields);
    snprintf(options.fields + used, sizeof options.fields - used, "%s\r\n", value);
  } else return false;
  return true;
}

static void read_options(int count, char **words) {
  for (int i = 1; i < count; i += 1) {
    if (read_flag(words[i])) continue;
    if (i + 1 < count && read_option(words[i], words[i + 1])) {
      i += 1;
      continue;
    }
    fputs(usage, stderr);
    exit(2);
  }
  if (options.port == 0 || options.conns < 1) {
    fputs(usage, stderr);
    exit(2);
  }
  if (options.idle && options.events == 0) options.events = 1;
}

/** Builds the one request that is sent over and over: a Messages call of `--body` bytes. */
static void build_request(void) {
  char parameters[128] = "";
  char head[8192];
  char start[256];
  static const char end[] = "\"}]}";
  if (options.events > 0) {
    snprintf(parameters, sizeof parameters, "events=%ld&gap=%ld%s%s", options.events, options.gap_ms,
             options.idle ? "&idle=1" : "", options.chunk_per_write ? "&chunk=write" : "");
  }
  int start_length = snprintf(start, sizeof start,
                              "{\"model\":\"claude-bench\",\"max_tokens\":1024,\"stream\":%s,"
                              "\"messages\":[{\"role\":\"user\",\"content\":\"",
                              options.events > 0 ? "true" : "false");
  size_t smallest = (size_t)start_length + LENGTH_OF(end);
  size_t body = (size_t)options.body > smallest ? (size_t)options.body : smallest;
  int head_length = snprintf(
      head, sizeof head,
      "POST %s%s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
      "Accept: application/json\r\nUser-Agent: bench-load/1\r\nx-api-key: sk-bench\r\n"
      "anthropic-version: 2023-06-01\r\n%sContent-Length: %zu\r\n\r\n",
      options.path, parameters[0] == '\0' ? "" : "?", parameters, options.port, options.fields, body);
  request.length = (size_t)head_length + body;
  request.bytes = malloc(request.length);
  char *at = request.bytes;
  memcpy(at, head, (size_t)head_length);
  memset(at + head_length, 'q', body);
  memcpy(at + head_length, start, (size_t)start_length);
  memcpy(at + request.length - LENGTH_OF(end), end, LENGTH_OF(end));
}

#endif
