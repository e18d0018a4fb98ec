// A fake upstream that costs little: one thread, one epoll, prebuilt answers, keep-alive.
//
//   origin --port 9000
//
// Any POST (or GET) is answered. Without `events` in the target the answer is a 1 KB Anthropic
// message. With it, an event stream: ?events=10&gap=20 (ms between events, 0 = as fast as it goes),
// &idle=1 (one event, then silence), &chunk=write (one HTTP chunk for many events instead of one
// each). The parameters may stand in the path too, for a gateway that drops queries:
// /events=10&gap=20/v1/messages. GET /stats tells what was seen.

#include "http.h"
#include "net.h"
#include "schedule.h"
#include "shape.h"

#define FD_MAX 65536
#define READ_BYTES (256 * 1024)
// About 30 events: what a server that writes as fast as it can hands over at a time.
#define WRITE_BYTES_MAX 4096
#define BLOCK_EVENTS 128

enum phase { READING_HEAD, READING_LENGTH, READING_CHUNKS, ANSWERING };
enum stage { OPENING, EVENTS, CLOSING };

struct conn {
  int fd;
  uint32_t generation;
  enum phase phase;
  struct partial partial;
  struct chunks chunks;
  long body_left;
  bool close_after;
  bool is_stats;
  long events;  // of this answer, 0 = unary
  uint64_t gap_ns;
  bool idle;
  bool chunk_per_write;
  enum stage stage;
  uint64_t event_bytes_left;
  uint64_t event_offset;
  size_t part_offset;
  uint64_t due;
};

struct part {
  char *bytes;
  size_t length;
};

static struct conn *conns[FD_MAX];
static struct schedule schedule;
static int epoll;
static char read_buffer[READ_BYTES];
static struct part unary, opening, closing, event, block_each, block_joined;
static uint64_t accepted, requests, bad, request_bytes, open_now;

static void append(struct part *part, const char *bytes, size_t length) {
  part->bytes = realloc(part->bytes, part->length + length);
  memcpy(part->bytes + part->length, bytes, length);
  part->length += length;
}

static void append_chunk(struct part *part, const char *bytes, size_t length) {
  char size[24];
  append(part, size, (size_t)snprintf(size, sizeof size, "%zx\r\n", length));
  append(part, bytes, length);
  append(part, "\r\n", 2);
}

static void build_answers(void) {
  static const char unary_head[] =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nrequest-id: req_bench\r\n"
      "Content-Length: 1024\r\n\r\n";
  static const char stream_head[] =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
      "Cache-Control: no-cache\r\nrequest-id: req_bench\r\nTransfer-Encoding: chunked\r\n\r\n";
  char body[UNARY_BYTES];
  char one[EVENT_BYTES];
  struct part joined = {NULL, 0};
  write_unary(body);
  append(&unary, unary_head, LENGTH_OF(unary_head));
  append(&unary, body, sizeof body);
  append(&opening, stream_head, LENGTH_OF(stream_head));
  append_chunk(&opening, STREAM_OPENING, LENGTH_OF(STREAM_OPENING));
  append_chunk(&closing, STREAM_CLOSING, LENGTH_OF(STREAM_CLOSING));
  append(&closing, "0\r\n\r\n", 5);
  write_event(one);
  append_chunk(&event, one, sizeof one);
  for (int i = 0; i < BLOCK_EVENTS; i += 1) {
    append(&block_each, event.bytes, event.length);
    append(&joined, one, sizeof one);
  }
  append_chunk(&block_joined, joined.bytes, joined.length);
  free(joined.bytes);
}

static void close_conn(struct conn *c) {
  conns[c->fd] = NULL;
  close(c->fd);
  drop_partial(&c->partial);
  open_now -= 1;
  free(c);
}

/** Reads `events=10&gap=20...`; a value ends at anything that is no digit. */
static void read_parameters(struct conn *c, const char *text, const char *end) {
  while (text < end) {
    long value = 0;
    const char *equals = memchr(text, '=', (size_t)(end - text));
    const char *next = memchr(text, '&', (size_t)(end - text));
    if (next == NULL) next = end;
    if (equals != NULL && equals < next) value = atol(equals + 1);
    if (strncmp(text, "events=", 7) == 0) c->events = value;
    else if (strncmp(text, "gap=", 4) == 0) c->gap_ns = (uint64_t)value * NS_PER_MS;
    else if (strncmp(text, "idle=", 5) == 0) c->idle = value != 0;
    else if (strncmp(text, "chunk=write", 11) == 0) c->chunk_per_write = true;
    text = next + 1;
  }
}

static bool begin_request(struct conn *c, const char *bytes, size_t length) {
  struct head head;
  const char *end = bytes + length;
  const char *target = memchr(bytes, ' ', length);
  if (target == NULL) return false;
  target += 1;
  const char *target_end = memchr(target, ' ', (size_t)(end - target));
  if (target_end == NULL) return false;
  read_fields(&head, bytes, end);
  c->events = 0;
  c->gap_ns = 0;
  c->idle = c->chunk_per_write = false;
  c->is_stats = target_end - target == 6 && memcmp(target, "/stats", 6) == 0;
  const char *first = memmem(target, (size_t)(target_end - target), "events=", 7);
  if (first != NULL) read_parameters(c, first, target_end);
  c->close_after = head.close;
  if (head.expects_continue) send(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
  if (head.chunked) {
    memset(&c->chunks, 0, sizeof c->chunks);
    c->phase = READING_CHUNKS;
  } else {
    c->body_left = head.content_length > 0 ? head.content_length : 0;
    c->phase = READING_LENGTH;
  }
  return true;
}

/** Gathers what comes next of a full-speed stream, at most WRITE_BYTES_MAX. */
static int gather(struct conn *c, struct iovec *pieces) {
  struct part *block = c->chunk_per_write ? &block_joined : &block_each;
  int count = 0;
  size_t total = 0;
  if (c->stage == OPENING) {
    pieces[count].iov_base = opening.bytes + c->part_offset;
    pieces[count].iov_len = opening.length - c->part_offset;
    total += pieces[count++].iov_len;
  }
  uint64_t left = c->stage == CLOSING ? 0 : c->event_bytes_left;
  uint64_t offset = c->stage == OPENING ? 0 : c->event_offset;
  while (left > 0 && total < WRITE_BYTES_MAX && count < 7) {
    size_t room = block->length - (size_t)(offset % block->length);
    size_t length = left < room ? (size_t)left : room;
    if (length > WRITE_BYTES_MAX - total) length = WRITE_BYTES_MAX - total;
    pieces[count].iov_base = block->bytes + offset % block->length;
    pieces[count++].iov_len = length;
    offset += length;
    left -= length;
    total += length;
  }
  if (left == 0) {
    size_t from = c->stage == CLOSING ? c->part_offset : 0;
    pieces[count].iov_base = closing.bytes + from;
    pieces[count++].iov_len = closing.length - from;
  }
  return count;
}

/** Moves the position of a full-speed stream on; true when all of it was written. */
static bool advance(struct conn *c, size_t written) {
  if (c->stage == OPENING) {
    size_t left = opening.length - c->part_offset;
    if (written < left) {
      c->part_offset += written;
      return false;
    }
    written -= left;
    c->stage = EVENTS;
    c->event_offset = 0;
  }
  if (c->stage == EVENTS) {
    size_t taken = written < c->event_bytes_left ? written : (size_t)c->event_bytes_left;
    c->event_bytes_left -= taken;
    c->event_offset += taken;
    written -= taken;
    if (c->event_bytes_left > 0) return false;
    c->stage = CLOSING;
    c->part_offset = 0;
  }
  c->part_offset += written;
  return c->part_offset == closing.length;
}

static void finish_answer(struct conn *c) {
  c->phase = READING_HEAD;
  if (c->close_after) shutdown(c->fd, SHUT_WR);
}

/** Writes until done or the socket is full. False when the connection died. */
static bool write_at_full_speed(struct conn *c) {
  struct iovec pieces[8];
  for (;;) {
    int count = gather(c, pieces);
    if (count == 0) return true;
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
    ssize_t written = sendmsg(c->fd, &message, MSG_NOSIGNAL);
    if (written < 0) return errno == EAGAIN;
    if (!advance(c, (size_t)written)) continue;
    watch(epoll, EPOLL_CTL_MOD, c->fd, EPOLLIN | EPOLLRDHUP, (uint64_t)c->fd);
    finish_answer(c);
    return true;
  }
}

static bool send_whole(struct conn *c, const char *bytes, size_t length) {
  // Answers that fit the socket buffer many times over; a short write means that nobody reads.
  return send(c->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static bool answer_stats(struct conn *c) {
  char body[256], all[512];
  int length = snprintf(body, sizeof body,
                        "{\"accepted\":%llu,\"open\":%llu,\"requests\":%llu,\"bad\":%llu,\"requestBytes\":%llu}",
                        (unsigned long long)accepted, (unsigned long long)open_now, (unsigned long long)requests,
                        (unsigned long long)bad, (unsigned long long)request_bytes);
  int total = snprintf(all, sizeof all,
                       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                       length, body);
  return send_whole(c, all, (size_t)total);
}

static void send_stamped_event(struct conn *c, uint64_t now);

static bool begin_answer(struct conn *c) {
  requests += 1;
  if (c->is_stats || c->events == 0) {
    bool sent = c->is_stats ? answer_stats(c) : send_whole(c, unary.bytes, unary.length);
    finish_answer(c);
    return sent;
  }
  c->phase = ANSWERING;
  if (c->idle) {
    return send_whole(c, opening.bytes, opening.length) && send_whole(c, event.bytes, event.length);
  }
  if (c->gap_ns > 0) {
    if (!send_whole(c, opening.bytes, opening.length)) return false;
    c->due = now_ns() + c->gap_ns;
    schedule_push(&schedule, (struct due){c->due, c->fd, c->generation});
    return true;
  }
  c->stage = OPENING;
  c->part_offset = 0;
  c->event_bytes_left = (uint64_t)c->events * event.length;
  if (c->chunk_per_write) {
    c->event_bytes_left = (uint64_t)((c->events + BLOCK_EVENTS - 1) / BLOCK_EVENTS) * block_joined.length;
  }
  if (!write_at_full_speed(c)) return false;
  if (c->phase == ANSWERING) {
    watch(epoll, EPOLL_CTL_MOD, c->fd, EPOLLIN | EPOLLRDHUP | EPOLLOUT, (uint64_t)c->fd);
  }
  return true;
}

/** Feeds what was read. False when the connection must go. */
static bool feed(struct conn *c, const char *at, const char *end) {
  while (at < end || (c->phase == READING_LENGTH && c->body_left == 0)) {
    if (c->phase == ANSWERING) return false;  // nobody pipelines here
    if (c->phase == READING_HEAD) {
      const char *head;
      size_t length;
      long used = find_head(&c->partial, at, (size_t)(end - at), &head, &length);
      if (used == 0) return true;
      if (used < 0 || !begin_request(c, head, length)) return false;
      at += used;
    } else if (c->phase == READING_LENGTH) {
      long taken = end - at < c->body_left ? end - at : c->body_left;
      c->body_left -= taken;
      request_bytes += (uint64_t)taken;
      at += taken;
      if (c->body_left == 0 && !begin_answer(c)) return false;
    } else {
      const char *piece;
      size_t length;
      enum chunk_step step = next_chunk(&c->chunks, &at, end, &piece, &length);
      if (step == CHUNKS_BAD) return false;
      if (step == CHUNKS_PIECE) request_bytes += length;
      if (step == CHUNKS_DONE && !begin_answer(c)) return false;
    }
  }
  return true;
}

static void serve(struct conn *c, uint32_t events) {
  if ((events & EPOLLOUT) && c->phase == ANSWERING && c->gap_ns == 0 && !c->idle) {
    if (!write_at_full_speed(c)) {
      close_conn(c);
      return;
    }
  }
  if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;
  ssize_t got = recv(c->fd, read_buffer, sizeof read_buffer, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got > 0 && feed(c, read_buffer, read_buffer + got)) return;
  if (got > 0) bad += 1;
  close_conn(c);
}

static void send_stamped_event(struct conn *c, uint64_t now) {
  size_t stamp = event.length - 2 - LENGTH_OF(EVENT_AFTER_STAMP) - STAMP_DIGITS;
  write_stamp(event.bytes + stamp, now & STAMP_MASK);
  bool sent = send_whole(c, event.bytes, event.length);
  c->events -= 1;
  if (sent && c->events == 0) {
    sent = send_whole(c, closing.bytes, closing.length);
    finish_answer(c);
  } else {
    c->due += c->gap_ns;
    schedule_push(&schedule, (struct due){c->due, c->fd, c->generation});
  }
  if (!sent) close_conn(c);
}

static void run_due(void) {
  uint64_t now = now_ns();
  while (schedule.size > 0 && schedule.heap[0].at <= now) {
    struct due entry = schedule_pop(&schedule);
    struct conn *c = conns[entry.fd];
    if (c == NULL || c->generation != entry.generation) continue;
    send_stamped_event(c, now);
    now = now_ns();
  }
}

static void accept_all(int listener) {
  static uint32_t generation;
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (fd >= FD_MAX) {
      close(fd);
      return;
    }
    set_no_delay(fd);
    struct conn *c = calloc(1, sizeof *c);
    c->fd = fd;
    c->generation = ++generation;
    conns[fd] = c;
    accepted += 1;
    open_now += 1;
    watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP, (uint64_t)fd);
  }
}

static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int one = 1;
  struct sockaddr_in at = loopback(port);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0) die("bind");
  if (listen(fd, 4096) != 0) die("listen");
  socklen_t length = sizeof at;
  getsockname(fd, (struct sockaddr *)&at, &length);
  printf("{\"port\":%d}\n", ntohs(at.sin_port));
  fflush(stdout);
  return fd;
}

int main(int count, char **words) {
  int port = 0;
  prepare_process();
  for (int i = 1; i < count; i += 1) {
    if (strcmp(words[i], "--port") == 0 && i + 1 < count) port = atoi(words[++i]);
    else if (strcmp(words[i], "--child") == 0) die_with_parent();
    else {
      fprintf(stderr, "usage: origin [--port N] [--child]\n");
      return 2;
    }
  }
  build_answers();
  epoll = epoll_create1(EPOLL_CLOEXEC);
  int listener = listen_on(port);
  watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, (uint64_t)listener);
  struct epoll_event events[512];
  for (;;) {
    uint64_t until = schedule.size > 0 ? schedule.heap[0].at : now_ns() + NS_PER_S;
    int ready = wait_until(epoll, events, 512, until);
    for (int i = 0; i < ready; i += 1) {
      int fd = (int)events[i].data.u64;
      if (fd == listener) accept_all(listener);
      else if (conns[fd] != NULL) serve(conns[fd], events[i].events);
    }
    if (schedule.size > 0) run_due();
  }
}
