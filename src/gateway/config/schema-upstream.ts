// Options of one upstream: where it is, what its answers mean, how patient one is with it.

import { z } from 'zod';
import * as option from './option.ts';
import { credentials } from './schema-credentials.ts';
import type { Credentials } from './schema-credentials.ts';
import { convert, models, salesforce } from './schema-models.ts';
import { adaptive, limit } from './schema-policies.ts';
import { webSocket } from './schema-web-socket.ts';
import { phaseDocs, phaseNames, profileNames } from './profiles.ts';
import type { PhaseName } from './profiles.ts';
import * as values from './values.ts';

const phase = (name: PhaseName): z.ZodOptional<z.ZodType<number, string>> =>
  option.optional(option.duration({ min: '100ms', orNone: true }), phaseDocs[name]);

const timeouts = z.strictObject(
  Object.fromEntries(phaseNames.map((name) => [name, phase(name)])) as Record<
    PhaseName,
    ReturnType<typeof phase>
  >,
);

/** A header name. */
export const headerName = option.parsedText('header name', 'x-api-key', values.parseHeaderName);

const endpointUrl = option.parsedText('URL', 'https://api.example.com', values.parseEndpointUrl);

/** The names that `dialect` takes. */
export const dialectNames = [
  'anthropic',
  'openai',
  'openai-chat',
  'openai-responses',
  'salesforce-models',
  'servicenow',
  'ndjson',
  'sse',
  'plain',
] as const;

/** One entry of `upstreams`. */
export const upstream = z.strictObject({
  dialect: option.withDefault(option.choice(...dialectNames), 'plain', {
    doc: 'What answers mean: where they end, how errors look. `openai` tells chat from responses by path.',
    why: 'Without it a cut stream cannot be told from a finished one.',
  }),
  profile: option.optional(option.choice(...profileNames), {
    doc: 'Set of timeouts and replay rules. Without it: llm-hosted for model dialects, servicenow for that one, else rest.',
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
  models: option.optional(models, {
    doc: 'Names of models as callers use them, to the names the upstream knows. `*` stands for anything; the first that fits wins, and what fits nowhere passes as it is.',
    why: 'Clients keep the names they know, whoever answers.',
  }),
  convert: option.group(convert, {
    doc: 'How calls that were written for another vendor are fitted to this upstream.',
    why: 'Vendors differ in what they take, and refuse what they do not know.',
  }),
  salesforce: option.group(salesforce, {
    doc: 'For the dialect `salesforce-models`.',
    why: 'Its two surfaces differ in what they can do.',
  }),
  timeouts: option.group(timeouts, {
    doc: 'Limits of single phases that differ from the profile.',
    why: 'One slow model should not need a profile of its own.',
  }),
  limit: option.group(limit, {
    doc: 'Calls at a time, and the queue for what is more. Streams count, not connections.',
    why: 'What waits here in order would fail there in a heap.',
  }),
  adaptive: option.group(adaptive, {
    doc: 'Learns the limit for the first byte from the answers of the last minutes.',
    why: 'A service that usually answers in 50 ms is lost after two seconds, not after thirty.',
  }),
  webSocket: option.group(webSocket, {
    doc: 'Rules of the sessions of an upstream with `profile: websocket`.',
    why: 'How soon a dead peer is found, and how much one session may hold, differs between services.',
  }),
  pacing: option.withDefault(option.flag(), true, {
    doc: 'Follow what the upstream says of its own limits: Retry-After and the rate-limit headers.',
    why: 'A call that is bound to be refused is better sent elsewhere, or a little later.',
  }),
  breaker: option.withDefault(option.flag(), true, {
    doc: 'Leave endpoints alone that fail, by the rules of the top-level `breaker`.',
    why: 'Off for an upstream whose failures say nothing about the next call.',
  }),
  health: option.withDefault(
    option.parsedText('`connect`, `none` or path', '/healthz', values.parseHealthCheck),
    'connect',
    {
      doc: 'How an endpoint that the breaker has given up is looked at, every 10 s: by a connection, by a GET that must answer below 400, or not at all.',
      why: 'A long absence ends soon after the endpoint is back; the look only lets the next call try.',
    },
  ),
  replay: option.optional(option.choice('strict', 'idle-race', 'always'), {
    doc: 'When a failed send may be repeated on a fresh connection. Without it: idle-race for LLM completions of the llm profiles, else strict.',
    why: 'strict repeats only what provably was not applied; a doubled completion costs money, a doubled order costs more.',
  }),
  lenient: option.withDefault(option.flag(), false, {
    doc: 'Accept answers that end without their closing event or finish reason, and completions of another type than JSON or events; counted in the metrics.',
    why: 'Some servers omit them; with true a cut stream can look finished.',
  }),
  acceptEncoding: option.optional(option.choice('identity', 'pass'), {
    doc: 'Ask for uncompressed completions, or pass on what the caller asked. Without it: identity for the llm profiles, else pass.',
    why: 'The end of a compressed stream cannot be judged, and compressing small events delays them.',
  }),
  credentials: option.withDefault(
    credentials as z.ZodType<Credentials, z.input<typeof credentials>>,
    'passthrough',
    {
      doc: "`passthrough` sends the caller's own key; anything else replaces it.",
      why: 'Pass-through needs no secret here.',
    },
  ),
});

/** One upstream as written. */
export type UpstreamConfig = z.output<typeof upstream>;
