// Options that bound what callers may send and hold, and those of logging.

import { z } from 'zod';
import * as option from './option.ts';

/** `limits`. */
export const limits = z.strictObject({
  headBytes: option.withDefault(option.size({ min: '1KiB' }), '64KiB', {
    doc: 'Largest request or response head; above it 431.',
    why: 'Holds the longest heads of real clients several times over.',
  }),
  headFields: option.withDefault(option.integer({ min: 16, max: 1024 }), 128, {
    doc: 'Most header fields in one head; above it 431.',
    why: 'Coding agents send about 40.',
  }),
  bodyBytes: option.withDefault(option.size({ min: '1KiB' }), '512MiB', {
    doc: 'Largest request body; above it 413.',
    why: 'The largest upload a provider takes is a file of 500 MB.',
  }),
  replayBytes: option.withDefault(option.size({ min: '0B' }), '8MiB', {
    doc: 'Most bytes of one request body kept for a replay; above it a body streams through.',
    why: 'A full context of a large model is about 5 MB; files need no replay.',
  }),
  bufferBytes: option.withDefault(option.size({ min: '1MiB' }), '256MiB', {
    doc: 'Most bytes that all kept request bodies may take together.',
    why: 'Memory stays bounded whatever callers do.',
  }),
  connections: option.withDefault(option.integer({ min: 1, max: 1_000_000 }), 20_000, {
    doc: 'Most open caller connections; further ones are closed at once.',
    why: 'A bound on sockets and memory, above the 5,000 idle streams the gateway is built for.',
  }),
  headTimeout: option.withDefault(option.duration({ min: '100ms' }), '30s', {
    doc: 'From the first byte of a request head to its last.',
    why: 'A caller that trickles a head holds a connection for nothing.',
  }),
  bodyStall: option.withDefault(option.duration({ min: '100ms' }), '30s', {
    doc: 'Longest time in which a caller sends no byte of its body.',
    why: 'A slow upload is fine, a stalled one is not.',
  }),
  writeStall: option.withDefault(option.duration({ min: '100ms' }), '30s', {
    doc: 'Longest time in which a caller takes no byte of its answer.',
    why: 'A caller that stopped reading must not hold an upstream stream open.',
  }),
  keepAlive: option.withDefault(option.duration({ min: '1s' }), '125s', {
    doc: 'How long a caller connection may rest between requests.',
    why: 'Above the 118 s of curl, the 90 s of Go and hyper and the 60 s of a load balancer, so the caller closes first.',
  }),
  connectionAge: option.withDefault(option.duration({ min: '1s' }), '10m', {
    doc: 'Age at which a caller connection is closed at its next response, spread by 10 %.',
    why: 'Callers come back through the balancer and find new instances.',
  }),
});

/** `log`. */
export const log = z.strictObject({
  level: option.withDefault(option.choice('debug', 'info', 'warn', 'error', 'silent'), 'info', {
    doc: 'Least severity of the process log (start, reload, faults).',
    why: 'Little is logged at info, so it can stay on.',
  }),
  access: option.withDefault(option.flag(), true, {
    doc: 'Write one line per call.',
    why: 'The line holds the verdict and the phase timings of the call.',
  }),
});
