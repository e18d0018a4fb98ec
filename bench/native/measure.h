// The measuring window: counters, histograms and CPU readings between its two edges, printed as one
// line of JSON. What happens before the window (warm-up) is forgotten, errors included.
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "histogram.h"
#include "options.h"

static struct window {
  uint64_t begun;
  uint64_t calls;
  uint64_t events;
  uint64_t bytes;
  uint64_t connects;
  uint64_t unsent;  // open loop: scheduled, never sent because the backlog was full
  // Errors by what went wrong.
  uint64_t refused, stale, cut, status, framing, content;
  struct histogram latency, first_byte, delay;
  uint64_t target_cpu, origin_cpu, load_cpu;
} window;

static uint64_t error_count(void) {
  return window.refused + window.stale + window.cut + window.status + window.framing + window.content;
}

static uint64_t target_cpu(void) {
  uint64_t sum = 0;
  for (int i = 0; i < options.pid_count; i += 1) sum += process_cpu_ns(options.pids[i]);
  return sum;
}

/** CPU used since a reading, in microseconds; 0 when a process has ended in between. */
static double cpu_since(uint64_t then, uint64_t now) { return now > then ? (double)(now - then) / 1e3 : 0; }

static void begin_window(uint64_t now) {
  memset(&window, 0, sizeof window);
  window.begun = now;
  window.target_cpu = target_cpu();
  window.origin_cpu = options.origin > 0 ? process_cpu_ns(options.origin) : 0;
  window.load_cpu = process_cpu_ns(getpid());
}

static void print_window(uint64_t now, uint64_t oldest_ns, uint64_t backlog) {
  double seconds = (double)(now - window.begun) / 1e9;
  double target = cpu_since(window.target_cpu, target_cpu());
  double origin = options.origin > 0 ? cpu_since(window.origin_cpu, process_cpu_ns(options.origin)) : 0;
  double load = cpu_since(window.load_cpu, process_cpu_ns(getpid()));
  printf("{\"seconds\":%.3f,\"calls\":%llu,\"callsPerSecond\":%.1f,\"events\":%llu,\"bytes\":%llu,\"connects\":%llu,"
         "\"unsent\":%llu,\"backlog\":%llu,\"oldestMs\":%.1f,",
         seconds, (unsigned long long)window.calls, (double)window.calls / seconds,
         (unsigned long long)window.events, (unsigned long long)window.bytes,
         (unsigned long long)window.connects, (unsigned long long)window.unsent,
         (unsigned long long)backlog, (double)oldest_ns / 1e6);
  printf("\"errors\":{\"total\":%llu,\"refused\":%llu,\"stale\":%llu,\"cut\":%llu,\"status\":%llu,"
         "\"framing\":%llu,\"content\":%llu},",
         (unsigned long long)error_count(), (unsigned long long)window.refused, (unsigned long long)window.stale,
         (unsigned long long)window.cut, (unsigned long long)window.status,
         (unsigned long long)window.framing, (unsigned long long)window.content);
  print_histogram("latency", &window.latency);
  printf(",");
  print_histogram("firstByte", &window.first_byte);
  printf(",");
  print_histogram("delay", &window.delay);
  printf(",\"cpu\":{\"target\":%.0f,\"origin\":%.0f,\"load\":%.0f}}\n", target, origin, load);
  fflush(stdout);
}

#endif
