// A load generator that costs little and checks every answer: one thread, one epoll.
// Closed loop, open loop (latency counted from the scheduled instant, so that waiting is never left
// out), bursts of new connections, idle streams. See options.h for the flags, measure.h for output.

#include "http.h"
#include "measure.h"
#include "schedule.h"

#define READ_BYTES (256 * 1024)
#define BACKLOG_MAX 65536u
#define BURST_EVERY_NS (100 * NS_PER_MS)
#define RETRY_AFTER_NS (20 * NS_PER_MS)
#define OPENINGS_PER_MS 2

enum state { CLOSED, CONNECTING, READY, HEAD, LENGTH, CHUNKS, UNTIL_CLOSE };

struct conn {
  int fd;
  int index;
  uint32_t generation;
  enum state state;
  bool has_call;    // a call waits to be sent or answered
  bool wants_write;
  bool close_after;
  bool got_payload;
  int stamp_digits;  // digits of a stamp read so far, -1 = outside of one
  uint64_t stamp;
  uint64_t started;
  size_t sent;
  uint64_t answered;  // calls this connection has carried
  struct partial partial;
  struct chunks chunks;
  long left;
  int status;
  long events;
  uint64_t bytes;
};

static struct conn *conns;
static int *ready_stack;
static int ready_count;
static uint64_t backlog[BACKLOG_MAX];
static uint32_t backlog_first, backlog_last;
static struct schedule schedule;  // connections to (re)start
static int epoll;
static char read_buffer[READ_BYTES];
static int holding;    // idle mode: streams that have shown their event
static int burst_left;
static uint64_t expected_bytes;

static void connect_conn(struct conn *c, uint64_t now);
static void start_call(struct conn *c, uint64_t scheduled);

static void restart_later(struct conn *c, uint64_t at) {
  schedule_push(&schedule, (struct due){at, c->index, ++c->generation});
}

static void shut(struct conn *c) {
  if (c->state == CLOSED) return;
  if (c->state == READY && options.rate > 0) {
    for (int i = 0; i < ready_count; i += 1) {
      if (ready_stack[i] == c->index) ready_stack[i] = ready_stack[--ready_count];
    }
  }
  close(c->fd);
  drop_partial(&c->partial);
  c->state = CLOSED;
  c->wants_write = false;
}

/** The call on this connection went wrong; the caller of this has counted how. */
static void fail_call(struct conn *c, uint64_t now) {
  shut(c);
  c->has_call = false;
  if (options.idle) return;
  if (options.burst) burst_left -= 1;
  else restart_later(c, now + RETRY_AFTER_NS);
}

static void next_call(struct conn *c, uint64_t now) {
  if (options.rate == 0) start_call(c, now);
  else if (backlog_first != backlog_last) start_call(c, backlog[backlog_first++ % BACKLOG_MAX]);
  else ready_stack[ready_count++] = c->index;
}

static void want_write(struct conn *c, bool wanted) {
  if (c->wants_write == wanted) return;
  c->wants_write = wanted;
  watch(epoll, EPOLL_CTL_MOD, c->fd, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, (uint64_t)c->index);
}

static void send_more(struct conn *c, uint64_t now) {
  ssize_t sent = send(c->fd, request.bytes + c->sent, request.length - c->sent, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) {
    if (c->answered > 0 && c->sent == 0) window.stale += 1;
    else window.cut += 1;
    fail_call(c, now);
    return;
  }
  if (sent > 0) c->sent += (size_t)sent;
  want_write(c, c->sent < request.length);
}

static void start_call(struct conn *c, uint64_t scheduled) {
  c->has_call = true;
  c->started = scheduled;
  c->sent = 0;
  c->events = 0;
  c->bytes = 0;
  c->got_payload = false;
  c->stamp_digits = -1;
  if (c->state == CONNECTING) return;
  c->state = HEAD;
  send_more(c, scheduled);
}

static void connect_conn(struct conn *c, uint64_t now) {
  struct sockaddr_in at = loopback(options.port);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) die("socket");
  set_no_delay(c->fd);
  c->answered = 0;
  c->state = CONNECTING;
  c->wants_write = true;
  window.connects += 1;
  if (connect(c->fd, (struct sockaddr *)&at, sizeof at) != 0 && errno != EINPROGRESS) {
    window.refused += 1;
    fail_call(c, now);
    return;
  }
  watch(epoll, EPOLL_CTL_ADD, c->fd, EPOLLIN | EPOLLOUT, (uint64_t)c->index);
  if (options.rate == 0) start_call(c, now);
}

static void connected(struct conn *c, uint64_t now) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) {
    window.refused += 1;
    fail_call(c, now);
    return;
  }
  c->state = READY;
  if (c->has_call) {
    c->state = HEAD;
    send_more(c, now);
  } else {
    want_write(c, false);
    next_call(c, now);
  }
}

/** In an open loop a call that was due before the window tells of the warm-up, not of the window. */
static bool counts(const struct conn *c) { return options.rate == 0 || c->started >= window.begun; }

static void finish_call(struct conn *c, uint64_t now) {
  bool whole = options.events == 0 ? c->bytes == expected_bytes || options.loose
                                   : c->events == options.events && (options.loose || c->bytes == expected_bytes);
  if (c->status != 200) window.status += 1;
  else if (!whole) window.content += 1;
  else {
    window.calls += 1;
    if (counts(c)) record(&window.latency, now - c->started);
  }
  c->has_call = false;
  c->answered += 1;
  c->state = READY;
  if (options.burst) {
    shut(c);
    burst_left -= 1;
  } else if (c->close_after) {
    shut(c);
    connect_conn(c, now);
  } else next_call(c, now);
}

static void see_event(struct conn *c, uint64_t stamp, uint64_t now) {
  c->events += 1;
  window.events += 1;
  if (options.idle && c->events == 1) holding += 1;
  if (stamp != 0) record(&window.delay, (now - stamp) & STAMP_MASK);
}

/** Counts events and reads their stamps; a stamp may be cut anywhere. */
static void read_payload(struct conn *c, const char *at, size_t length, uint64_t now) {
  const char *end = at + length;
  c->bytes += length;
  window.bytes += length;
  if (!c->got_payload) {
    c->got_payload = true;
    if (options.events > 0 && counts(c)) record(&window.first_byte, now - c->started);
  }
  if (options.events == 0) return;
  while (at < end) {
    if (c->stamp_digits < 0) {
      at = memchr(at, STAMP_MARK, (size_t)(end - at));
      if (at == NULL) return;
      at += 1;
      c->stamp_digits = 0;
      c->stamp = 0;
      if (end - at >= STAMP_DIGITS && memcmp(at, "000000000000", STAMP_DIGITS) == 0) {
        at += STAMP_DIGITS;
        c->stamp_digits = STAMP_DIGITS;
      }
    }
    while (at < end && c->stamp_digits < STAMP_DIGITS) {
      c->stamp = c->stamp << 4 | (uint64_t)(hex_value(*at++) & 15);
      c->stamp_digits += 1;
    }
    if (c->stamp_digits < STAMP_DIGITS) return;
    c->stamp_digits = -1;
    see_event(c, c->stamp, now);
  }
}

static bool begin_response(struct conn *c, const char *bytes, size_t length) {
  struct head head;
  if (length < 12 || memcmp(bytes, "HTTP/1.1 ", 9) != 0) return false;
  c->status = atoi(bytes + 9);
  if (c->status == 100) return true;
  read_fields(&head, bytes, bytes + length);
  c->close_after = head.close;
  memset(&c->chunks, 0, sizeof c->chunks);
  if (head.chunked) c->state = CHUNKS;
  else if (head.content_length >= 0) {
    c->state = LENGTH;
    c->left = head.content_length;
  } else c->state = UNTIL_CLOSE;
  return true;
}

enum fed { FED, FED_DONE, FED_BAD };

static enum fed feed(struct conn *c, const char *at, const char *end, uint64_t now) {
  while (at < end || (c->state == LENGTH && c->left == 0)) {
    const char *piece = at;
    size_t length = (size_t)(end - at);
    if (c->state == HEAD) {
      const char *head;
      long used = find_head(&c->partial, at, length, &head, &length);
      if (used == 0) return FED;
      if (used < 0 || !begin_response(c, head, length)) return FED_BAD;
      at += used;
    } else if (c->state == LENGTH) {
      if ((long)length > c->left) return FED_BAD;
      c->left -= (long)length;
      if (length > 0) read_payload(c, piece, length, now);
      if (c->left == 0) return FED_DONE;
      return FED;
    } else if (c->state == CHUNKS) {
      enum chunk_step step = next_chunk(&c->chunks, &at, end, &piece, &length);
      if (step == CHUNKS_BAD) return FED_BAD;
      if (step == CHUNKS_PIECE) read_payload(c, piece, length, now);
      if (step == CHUNKS_DONE) return at == end ? FED_DONE : FED_BAD;
    } else if (c->state == UNTIL_CLOSE) {
      read_payload(c, piece, length, now);
      return FED;
    } else return FED_BAD;
  }
  return FED;
}

static void peer_closed(struct conn *c, bool reset, uint64_t now) {
  if (!c->has_call) {  // between calls: its right
    shut(c);
    connect_conn(c, now);
    return;
  }
  if (c->state == UNTIL_CLOSE && !reset) {
    c->close_after = true;
    finish_call(c, now);
    return;
  }
  if (c->state == HEAD && c->answered > 0 && c->partial.length == 0) window.stale += 1;
  else window.cut += 1;
  fail_call(c, now);
}

static void serve(struct conn *c, uint32_t events, uint64_t now) {
  if (c->state == CLOSED) return;
  if (c->state == CONNECTING) {
    connected(c, now);
    return;
  }
  if ((events & EPOLLOUT) && c->has_call) send_more(c, now);
  if (c->state == CLOSED || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
  ssize_t got = recv(c->fd, read_buffer, sizeof read_buffer, 0);
  if (got < 0 && errno == EAGAIN) return;
  now = now_ns();
  if (got <= 0) {
    peer_closed(c, got < 0, now);
    return;
  }
  switch (feed(c, read_buffer, read_buffer + got, now)) {
    case FED: break;
    case FED_DONE: finish_call(c, now); break;
    case FED_BAD:
      window.framing += 1;
      fail_call(c, now);
      break;
  }
}

static void run_due(uint64_t now) {
  while (schedule.size > 0 && schedule.heap[0].at <= now) {
    struct due entry = schedule_pop(&schedule);
    struct conn *c = &conns[entry.fd];
    if (c->generation == entry.generation && c->state == CLOSED) connect_conn(c, now);
  }
}

/** Gives every scheduled call to a waiting connection, or to the backlog. */
static uint64_t run_rate(uint64_t now, uint64_t next, double step) {
  for (; next <= now; next += (uint64_t)step) {
    if (ready_count > 0) start_call(&conns[ready_stack[--ready_count]], next);
    else if (backlog_last - backlog_first < BACKLOG_MAX) backlog[backlog_last++ % BACKLOG_MAX] = next;
    else window.unsent += 1;
  }
  return next;
}

static void run_burst(uint64_t now) {
  burst_left = options.conns;
  for (int i = 0; i < options.conns; i += 1) connect_conn(&conns[i], now);
}

static void prepare_conns(uint64_t now) {
  conns = calloc((size_t)options.conns, sizeof *conns);
  ready_stack = calloc((size_t)options.conns, sizeof *ready_stack);
  double spread = options.ramp_ms * 1e6;
  if (options.idle) spread = (double)options.conns / OPENINGS_PER_MS * 1e6;
  for (int i = 0; i < options.conns; i += 1) {
    // Steps of the golden ratio spread any number of starts evenly over time and over phases.
    double part = options.idle ? (double)i / options.conns : (double)i * 0.6180339887498949;
    conns[i].index = i;
    if (!options.burst) restart_later(&conns[i], now + (uint64_t)((part - (double)(long)part) * spread));
  }
  if (options.events > 0) expected_bytes = stream_bytes(options.events);
  else expected_bytes = UNARY_BYTES;
}

static uint64_t oldest_call(uint64_t now) {
  uint64_t oldest = now;
  for (int i = 0; i < options.conns; i += 1) {
    if (conns[i].has_call && conns[i].started < oldest) oldest = conns[i].started;
  }
  return now - oldest;
}

/** True when the runner has closed our stdin. */
static bool told_to_stop(void) {
  char byte;
  ssize_t got = read(0, &byte, 1);
  return got == 0;
}

static uint64_t earliest(uint64_t a, uint64_t b) { return a < b ? a : b; }

static void run(void) {
  struct epoll_event events[512];
  uint64_t now = now_ns();
  uint64_t window_at = now + (uint64_t)((options.warm + options.ramp_ms / 1e3) * 1e9);
  uint64_t end_at = window_at + (uint64_t)(options.seconds * 1e9);
  double step = options.rate > 0 ? 1e9 / options.rate : 0;
  uint64_t next_call_at = options.rate > 0 ? now + 50 * NS_PER_MS : UINT64_MAX;
  uint64_t next_burst_at = options.burst ? now : UINT64_MAX;
  bool measuring = false, told = false;
  prepare_conns(now);
  for (;;) {
    uint64_t until = earliest(measuring ? end_at : earliest(window_at, end_at), next_call_at);
    if (schedule.size > 0) until = earliest(until, schedule.heap[0].at);
    if (options.burst && burst_left == 0) until = earliest(until, next_burst_at);
    if (options.idle) until = earliest(until, now + 50 * NS_PER_MS);
    int ready = wait_until(epoll, events, 512, until);
    now = now_ns();
    for (int i = 0; i < ready; i += 1) serve(&conns[events[i].data.u64], events[i].events, now);
    now = now_ns();
    if (!measuring && now >= window_at) {
      begin_window(now);
      backlog_first = backlog_last;
      measuring = true;
    }
    if (options.idle && !told && holding == options.conns) {
      printf("{\"ready\":%d}\n", holding);
      fflush(stdout);
      told = true;
    }
    if (now >= end_at || (options.idle && told_to_stop())) break;
    run_due(now);
    if (options.rate > 0) next_call_at = run_rate(now, next_call_at, step);
    if (options.burst && burst_left == 0 && now >= next_burst_at) {
      next_burst_at = now + BURST_EVERY_NS;
      run_burst(now);
    }
  }
  print_window(now_ns(), oldest_call(now), backlog_last - backlog_first);
}

int main(int count, char **words) {
  prepare_process();
  read_options(count, words);
  build_request();
  if (options.idle) {
    fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
    options.warm = 0;
  }
  epoll = epoll_create1(EPOLL_CLOEXEC);
  begin_window(now_ns());
  run();
  return 0;
}
