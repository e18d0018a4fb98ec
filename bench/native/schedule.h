// Which stream is due when: a binary heap of (due, connection), so that hundreds of streams with
// their own phase cost a few comparisons an event and no timer object.
#ifndef BENCH_SCHEDULE_H
#define BENCH_SCHEDULE_H

#include <stdint.h>
#include <stdlib.h>

struct due {
  uint64_t at;
  int fd;
  uint32_t generation;  // an entry of an earlier life of `fd` is skipped by its owner
};

struct schedule {
  struct due *heap;
  int size;
  int capacity;
};

static inline void schedule_push(struct schedule *s, struct due entry) {
  if (s->size == s->capacity) {
    s->capacity = s->capacity == 0 ? 1024 : s->capacity * 2;
    s->heap = realloc(s->heap, sizeof(struct due) * (size_t)s->capacity);
  }
  int i = s->size++;
  while (i > 0 && s->heap[(i - 1) / 2].at > entry.at) {
    s->heap[i] = s->heap[(i - 1) / 2];
    i = (i - 1) / 2;
  }
  s->heap[i] = entry;
}

static inline struct due schedule_pop(struct schedule *s) {
  struct due top = s->heap[0];
  struct due last = s->heap[--s->size];
  int i = 0;
  for (;;) {
    int child = 2 * i + 1;
    if (child >= s->size) break;
    if (child + 1 < s->size && s->heap[child + 1].at < s->heap[child].at) child += 1;
    if (s->heap[child].at >= last.at) break;
    s->heap[i] = s->heap[child];
    i = child;
  }
  s->heap[i] = last;
  return top;
}

#endif
