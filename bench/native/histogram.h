// Latencies in log-linear buckets: 64 to a power of two, so a reading is right to 1.6 %.
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define HISTOGRAM_SUB 64
#define HISTOGRAM_BUCKETS (HISTOGRAM_SUB * 42)

struct histogram {
  uint64_t count;
  uint64_t max;
  uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline int bucket_of(uint64_t value) {
  if (value < HISTOGRAM_SUB) return (int)value;
  int shift = 57 - __builtin_clzll(value);
  int bucket = (shift + 1) * HISTOGRAM_SUB + (int)((value >> shift) - HISTOGRAM_SUB);
  return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static inline uint64_t bucket_middle(int bucket) {
  if (bucket < HISTOGRAM_SUB) return (uint64_t)bucket;
  int shift = bucket / HISTOGRAM_SUB - 1;
  uint64_t low = ((uint64_t)(bucket % HISTOGRAM_SUB) + HISTOGRAM_SUB) << shift;
  return low + ((1ull << shift) >> 1);
}

static inline void record(struct histogram *h, uint64_t value) {
  h->count += 1;
  if (value > h->max) h->max = value;
  h->buckets[bucket_of(value)] += 1;
}

static inline uint64_t quantile(const struct histogram *h, double q) {
  uint64_t want = (uint64_t)((double)h->count * q);
  uint64_t seen = 0;
  for (int i = 0; i < HISTOGRAM_BUCKETS; i += 1) {
    seen += h->buckets[i];
    if (seen > want) return bucket_middle(i);
  }
  return h->max;
}

/** Prints `"name":{...}` in microseconds, or null when nothing was recorded. */
static inline void print_histogram(const char *name, const struct histogram *h) {
  if (h->count == 0) {
    printf("\"%s\":null", name);
    return;
  }
  printf("\"%s\":{\"count\":%llu,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", name,
         (unsigned long long)h->count, (double)quantile(h, 0.5) / 1e3, (double)quantile(h, 0.9) / 1e3,
         (double)quantile(h, 0.99) / 1e3, (double)quantile(h, 0.999) / 1e3, (double)h->max / 1e3);
}

#endif
