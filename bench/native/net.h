// Sockets, time and numbers shared by origin and load. Loopback only: nothing here resolves names.
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull

/** CLOCK_MONOTONIC in ns; one clock for both programs, so stamps can be compared. */
static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/** CPU ns that a whole process has used, its finished threads included. 0 when it is gone. */
static inline uint64_t process_cpu_ns(pid_t pid) {
  struct timespec t;
  // The kernel's encoding of "CPU clock of a process" (clock_getcpuclockid without the libc check).
  clockid_t clock = (clockid_t)((~(unsigned)pid << 3) | 2u);
  if (clock_gettime(clock, &t) != 0) return 0;
  return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static inline void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(2);
}

static inline void set_no_delay(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/** Raises the soft limit of open files to the hard one, and gets timers without slack. */
static inline void prepare_process(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  prctl(PR_SET_TIMERSLACK, 1);
}

/** Dies with the process that started it (for runs by the bench, not by hand). */
static inline void die_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGTERM); }

static inline struct sockaddr_in loopback(int port) {
  struct sockaddr_in at;
  memset(&at, 0, sizeof at);
  at.sin_family = AF_INET;
  at.sin_port = htons((uint16_t)port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

static inline void watch(int epoll, int op, int fd, uint32_t events, uint64_t tag) {
  struct epoll_event event;
  event.events = events;
  event.data.u64 = tag;
  if (epoll_ctl(epoll, op, fd, &event) != 0) die("epoll_ctl");
}

/** Waits until `until_ns` at the latest, with nanosecond precision. */
static inline int wait_until(int epoll, struct epoll_event *events, int max, uint64_t until_ns) {
  uint64_t now = now_ns();
  uint64_t left = until_ns > now ? until_ns - now : 0;
  struct timespec t = {(time_t)(left / NS_PER_S), (long)(left % NS_PER_S)};
  int count = epoll_pwait2(epoll, events, max, &t, NULL);
  if (count < 0 && errno != EINTR) die("epoll_pwait2");
  return count < 0 ? 0 : count;
}

#endif
