// Loaded ahead of a gateway by `--sabotage leak`: a process that keeps what it should let go, so
// that a soak can be seen to find it.

/** 225 MiB an hour. */
const LEAK_BYTES = 64 * 1024;
const EVERY_MS = 1_000;
const kept: Buffer[] = [];

setInterval(() => kept.push(Buffer.alloc(LEAK_BYTES, 1)), EVERY_MS).unref();
