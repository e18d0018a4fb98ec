// The whole configuration language: every option with its kind, its default, what it does and why.
// Types, validation, reference page, JSON Schema and `config explain` come from it.
// Invariant: an option that nothing reads yet does not stand here, so it is refused by name.

import { z } from 'zod';
import * as option from './option.ts';
import { phaseDocs, phaseNames, profileNames } from './profiles.ts';
import type { PhaseName } from './profiles.ts';
import * as values from './values.ts';

const address = (): z.ZodType<values.Address, string> =>
  option.parsedText('address', '127.0.0.1:8787', values.parseAddress);

const adminAddress = option.parsedText('address or `off`', '127.0.0.1:8788', (text) =>
  text === 'off' ? ('off' as const) : values.parseAddress(text),
);

const limits = z.strictObject({
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

const log = z.strictObject({
  level: option.withDefault(option.choice('debug', 'info', 'warn', 'error', 'silent'), 'info', {
    doc: 'Least severity of the process log (start, reload, faults).',
    why: 'Little is logged at info, so it can stay on.',
  }),
  access: option.withDefault(option.flag(), true, {
    doc: 'Write one line per call.',
    why: 'The line holds the verdict and the phase timings of the call.',
  }),
});

const phase = (name: PhaseName): z.ZodOptional<z.ZodType<number, string>> =>
  option.optional(option.duration({ min: '100ms', orNone: true }), phaseDocs[name]);

const timeouts = z.strictObject(
  Object.fromEntries(phaseNames.map((name) => [name, phase(name)])) as Record<
    PhaseName,
    ReturnType<typeof phase>
  >,
);

const headerName = option.parsedText('header name', 'x-api-key', values.parseHeaderName);
const headerValue = option.parsedText('text', '${API_KEY}', values.parseHeaderValue);

const credentials = z.union([
  z.literal('passthrough').register(option.kindRegistry, {
    kind: '`passthrough`',
    example: 'passthrough',
  }),
  z.strictObject({
    header: option.required(z.record(headerName, headerValue), {
      doc: "Header fields that replace the caller's own credentials.",
      why: 'Keeps provider keys out of the hands of callers; write them as ${NAME}.',
      secret: true,
    }),
  }),
]);

const endpointUrl = option.parsedText('URL', 'https://api.example.com', values.parseEndpointUrl);

/** The names that `dialect` takes. */
export const dialectNames = [
  'anthropic',
  'openai',
  'openai-chat',
  'openai-responses',
  'ndjson',
  'sse',
  'plain',
] as const;

const upstream = z.strictObject({
  dialect: option.withDefault(option.choice(...dialectNames), 'plain', {
    doc: 'What answers mean: where they end, how errors look. `openai` tells chat from responses by path.',
    why: 'Without it a cut stream cannot be told from a finished one.',
  }),
  profile: option.optional(option.choice(...profileNames), {
    doc: 'Set of timeouts and replay rules. Without it: llm-hosted for model dialects, else rest.',
    why: 'A model may be silent for minutes, a REST service may not.',
  }),
  endpoints: option.required(
    z.array(endpointUrl, { error: () => 'is not a list of URLs' }).min(1, {
      error: () => 'is empty; name one address',
    }),
    {
      doc: 'Where the upstream is; several addresses take turns. A path in the URL is put in front of every call.',
      why: 'The address is the one thing that cannot be guessed.',
    },
  ),
  ca: option.optional(
    option.parsedText('file', '/etc/ssl/private-ca.pem', (text) => text),
    {
      doc: 'PEM file with the certificates to trust instead of the built-in ones.',
      why: 'Services behind a private certificate authority.',
    },
  ),
  proxy: option.withDefault(
    option.parsedText('`env`, `none` or URL', 'http://proxy:3128', values.parseProxy),
    'env',
    {
      doc: 'Forward proxy to tunnel through; `env` follows HTTPS_PROXY and NO_PROXY.',
      why: 'Company networks often allow no other way out.',
    },
  ),
  timeouts: option.group(timeouts, {
    doc: 'Limits of single phases that differ from the profile.',
    why: 'One slow model should not need a profile of its own.',
  }),
  replay: option.optional(option.choice('strict', 'idle-race', 'always'), {
    doc: 'When a failed send may be repeated on a fresh connection. Without it: idle-race for LLM completions of the llm profiles, else strict.',
    why: 'strict repeats only what provably was not applied; a doubled completion costs money, a doubled order costs more.',
  }),
  lenient: option.withDefault(option.flag(), false, {
    doc: 'Accept answers that end without their closing event; counted in the metrics.',
    why: 'Some servers omit it; with true a cut stream can look finished.',
  }),
  acceptEncoding: option.optional(option.choice('identity', 'pass'), {
    doc: 'Ask for uncompressed completions, or pass on what the caller asked. Without it: identity for the llm profiles, else pass.',
    why: 'The end of a compressed stream cannot be judged, and compressing small events delays them.',
  }),
  credentials: option.withDefault(
    credentials as z.ZodType<Credentials, Credentials>,
    'passthrough',
    {
      doc: "`passthrough` sends the caller's own key; `header` replaces it.",
      why: 'Pass-through needs no secret here.',
    },
  ),
});

/** How an upstream is told who asks. */
export type Credentials = 'passthrough' | { header: Record<string, string> };

const headerMatch = z
  .union([z.boolean(), z.string()], { error: () => 'is not true, false or a text with *' })
  .register(option.kindRegistry, { kind: '`true`, `false` or text with `*`', example: 'true' });

const match = z.strictObject({
  path: option.required(option.parsedText('path pattern', '/v1/messages', values.parsePathGlob), {
    doc: 'Path without query. `*` stands within one segment, a segment `**` for any number of them.',
    why: 'Most routing needs nothing else.',
  }),
  model: option.optional(
    option.parsedText('text with `*`', 'claude-*', (text) => text),
    {
      doc: 'Model named in the JSON body.',
      why: 'One path, many models. The body is read only as far as the name stands.',
    },
  ),
  method: option.optional(
    option.parsedText('method', 'POST', (text) => text.toUpperCase()),
    { doc: 'HTTP method.', why: 'Reads and writes may go to different places.' },
  ),
  header: option.optional(z.record(headerName, headerMatch), {
    doc: 'Header fields: `true` = present, `false` = absent, text = value, with `*`.',
    why: 'Paths that two APIs share are told apart by their headers.',
  }),
});

const route = z.strictObject({
  name: option.optional(option.parsedText('name', 'claude', values.parseName), {
    doc: 'Name in logs and metrics. Without it: made from the path and the model.',
    why: 'A short name reads better in a dashboard.',
  }),
  match: option.required(match, {
    doc: 'Which requests; all conditions must hold. The first matching route wins.',
    why: 'Order is the simplest rule that can be predicted.',
  }),
  upstreams: option.required(
    z.array(z.string(), { error: () => 'is not a list of upstream names' }).length(1, {
      error: (issue) =>
        Array.isArray(issue.input) && issue.input.length > 1
          ? 'names more than one upstream; fail-over is not offered yet'
          : 'is empty; name one upstream',
    }),
    {
      doc: 'Where they go; `simulator` is the built-in one.',
      why: 'A list, because fail-over in order will use it.',
    },
  ),
  rewrite: option.group(
    z.strictObject({
      stripPrefix: option.optional(option.parsedText('path', '/servicenow', values.parsePrefix), {
        doc: 'Taken off the front of the path.',
        why: 'Lets several services live under one address.',
      }),
      addPrefix: option.optional(option.parsedText('path', '/api', values.parsePrefix), {
        doc: 'Put in front of the path, after stripPrefix.',
        why: 'Maps a short path to a long one.',
      }),
    }),
    {
      doc: 'Changes to the path.',
      why: 'The path of the gateway need not be that of the service.',
    },
  ),
});

/** The configuration file. */
export const configSchema = z.strictObject({
  listen: option.withDefault(address(), '127.0.0.1:8787', {
    doc: 'Where callers connect.',
    why: 'Loopback, because caller keys are not offered yet: whoever connects may call.',
  }),
  admin: option.withDefault(adminAddress, '127.0.0.1:8788', {
    doc: 'Where health, metrics and the debug views answer, or `off`.',
    why: 'A port of its own, so that it can stay private.',
  }),
  allowRemote: option.withDefault(option.flag(), false, {
    doc: 'Allow listening on addresses that other machines can reach.',
    why: 'There are no caller keys yet; saying it out loud prevents an open relay by accident.',
  }),
  edge: option.withDefault(option.choice('own', 'node-http'), 'own', {
    doc: 'HTTP server: our own codec, or that of Node.',
    why: 'The second one exists for comparison; it costs more CPU per call.',
  }),
  drain: option.withDefault(option.duration({ min: '0s' }), '120s', {
    doc: 'How long running answers may go on after SIGTERM.',
    why: 'Set the grace period of the orchestrator above it.',
  }),
  simulator: option.withDefault(option.flag(), true, {
    doc: 'Answer models named `sim-*` from the built-in simulator, ahead of all routes.',
    why: 'Everything can be tried offline, without a key and without cost.',
  }),
  log: option.group(log, { doc: 'Logging.', why: 'JSON lines on standard output.' }),
  limits: option.group(limits, {
    doc: 'Bounds on what callers may send and hold.',
    why: 'Everything is bounded.',
  }),
  upstreams: option.optional(
    z.record(option.parsedText('name', 'anthropic', values.parseName), upstream),
    {
      doc: 'Services that calls are sent to, by name. Without it: anthropic and openai.',
      why: 'Without a file the gateway is useful at once.',
    },
  ),
  routes: option.optional(z.array(route, { error: () => 'is not a list of routes' }), {
    doc: 'Which calls go where; the first match wins. Needed with `upstreams`.',
    why: 'One list in one order is easy to read.',
  }),
});

/** What was written, checked and parsed. */
export type WrittenConfig = z.output<typeof configSchema>;
/** One upstream as written. */
export type UpstreamConfig = z.output<typeof upstream>;
/** One route as written. */
export type RouteConfig = z.output<typeof route>;
