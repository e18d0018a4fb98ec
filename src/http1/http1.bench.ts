// Prints what the codec costs in nanoseconds. Run it with `node src/http1/http1.bench.ts`.
// Each figure is the best of several rounds after warm-up: on a shared machine the least disturbed
// round is the one that says something about the code.

import { ChunkScanner } from './chunk-scanner.ts';
import { HeadBuffer } from './head-buffer.ts';
import { defaultHeadLimits, HttpFault } from './head.ts';
import { parseRequestHead } from './request-parser.ts';
import { parseResponseHead } from './response-parser.ts';
import { chunkPrefix, requestHeadText, responseHeadText } from './serializer.ts';

const ROUNDS = 12;

/** Keeps results alive so that nothing is optimised away. */
let kept = 0;

function measure(name: string, perRun: number, runs: number, run: () => number): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    for (let at = 0; at < runs; at += 1) kept += run();
    best = Math.min(best, ((performance.now() - start) * 1e6) / (runs * perRun));
  }
  console.log(`${name.padEnd(46)} ${best.toFixed(1).padStart(8)} ns`);
}

const requestHead = Buffer.from(
  [
    'POST /v1/messages?beta=true HTTP/1.1',
    'Host: api.anthropic.com',
    'Accept: application/json',
    'Content-Type: application/json',
    'User-Agent: claude-cli/2.0.14 (external, cli)',
    'Authorization: Bearer sk-ant-REDACTED',
    'anthropic-version: 2023-06-01',
    'anthropic-beta: claude-code-20250219,interleaved-thinking-2025-05-14',
    'x-app: cli',
    'X-Stainless-Lang: js',
    'X-Stainless-Package-Version: 0.60.0',
    'X-Stainless-OS: Linux',
    'X-Stainless-Arch: x64',
    'X-Stainless-Retry-Count: 0',
    'X-Stainless-Timeout: 600',
    'Accept-Encoding: gzip, deflate, br',
    'Connection: keep-alive',
    'Content-Length: 2048',
    '',
    '',
  ].join('\r\n'),
);

const responseHead = Buffer.from(
  [
    'HTTP/1.1 200 OK',
    'Date: Fri, 21 Nov 2025 10:00:00 GMT',
    'Content-Type: text/event-stream; charset=utf-8',
    'Transfer-Encoding: chunked',
    'Connection: keep-alive',
    'Keep-Alive: timeout=5',
    'Cache-Control: no-cache',
    'request-id: req_011CSHoEeqs5C35K2UUqR7Fy',
    'anthropic-organization-id: 27796668-7351-40ac-acc4-024aee8995a5',
    'anthropic-ratelimit-requests-limit: 4000',
    'anthropic-ratelimit-requests-remaining: 3999',
    'anthropic-ratelimit-requests-reset: 2025-11-21T10:00:00Z',
    'strict-transport-security: max-age=31536000; includeSubDomains; preload',
    'Server: cloudflare',
    '',
    '',
  ].join('\r\n'),
);

function parseRequest(): number {
  const head = parseRequestHead(requestHead, 0, requestHead.length, defaultHeadLimits);
  return head instanceof HttpFault ? 0 : head.contentLength;
}

function parseResponse(): number {
  const length = responseHead.length;
  const head = parseResponseHead(responseHead, 0, length, defaultHeadLimits, 'POST');
  return head instanceof HttpFault ? 0 : head.status;
}

function measureHeads(): void {
  console.log(`request head ${requestHead.length} B, response head ${responseHead.length} B`);
  const buffer = new HeadBuffer(defaultHeadLimits);
  measure('head buffer, whole head in one read', 1, 100_000, () =>
    buffer.feed(requestHead, 0, requestHead.length),
  );
  measure('request head', 1, 100_000, parseRequest);
  measure('response head', 1, 100_000, parseResponse);

  const written = Buffer.alloc(4096);
  measure('request head parsed, serialised, encoded', 1, 100_000, () => {
    const head = parseRequestHead(requestHead, 0, requestHead.length, defaultHeadLimits);
    if (head instanceof HttpFault) return 0;
    const { method, target, authority, headers, framing, contentLength } = head;
    const extra = 'x-holdfast-call-id: 0123456789abcdef\r\n';
    const text = requestHeadText(method, target, authority, headers, framing, contentLength, extra);
    return written.write(text, 'latin1');
  });
  measure('response head parsed, serialised, encoded', 1, 100_000, () => {
    const length = responseHead.length;
    const head = parseResponseHead(responseHead, 0, length, defaultHeadLimits, 'POST');
    if (head instanceof HttpFault) return 0;
    const { status, reason, headers, framing } = head;
    const text = responseHeadText(status, reason, 1, headers, framing, -1, '');
    return written.write(text, 'latin1');
  });
}

function chunkedBytes(payloadBytes: number, atMost: number): [Buffer, number] {
  const frame = `${payloadBytes.toString(16)}\r\n${'x'.repeat(payloadBytes)}\r\n`;
  const count = Math.max(1, Math.floor(atMost / frame.length));
  return [Buffer.from(frame.repeat(count)), count];
}

function measureChunks(payloadBytes: number, atMost: number): void {
  const [source, count] = chunkedBytes(payloadBytes, atMost);
  const bytes = Buffer.alloc(source.length);
  const scanner = new ChunkScanner();
  const name = `chunk scan, ${payloadBytes} B x ${count} per read`;
  const runs = Math.ceil(200_000 / (count + 9));
  // Scanning moves payload, so each run starts from a fresh copy; the copy is timed apart.
  measure(`${name} (with copy)`, count, runs, () => {
    bytes.set(source);
    scanner.scan(bytes, 0, bytes.length);
    return scanner.payloadEnd;
  });
  measure(`  the copy alone`, count, runs, () => {
    bytes.set(source);
    return bytes[0] as number;
  });
}

measureHeads();
for (const [payload, atMost] of [
  [100, 100],
  [100, 65_536],
  [20, 65_536],
  [1000, 65_536],
] as const) {
  measureChunks(payload, atMost);
}
let size = 0;
measure('chunk prefix', 1, 100_000, () => {
  size = (size + 7) & 2047;
  return chunkPrefix(size).length;
});
if (kept === 0) console.log('nothing was measured');
