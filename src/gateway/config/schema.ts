// The configuration language: every option with its kind, its default, what it does and why. Types,
// validation, reference page, JSON Schema and `config explain` come from it; the larger groups
// stand in files of their own beside this one.
// Invariant: an option that nothing reads yet does not stand here, so it is refused by name.

import { z } from 'zod';
import * as option from './option.ts';
import { access } from './schema-access.ts';
import { limits, log } from './schema-limits.ts';
import { breaker } from './schema-policies.ts';
import { route } from './schema-route.ts';
import { upstream } from './schema-upstream.ts';
import * as values from './values.ts';

const address = (): z.ZodType<values.Address, string> =>
  option.parsedText('address', '127.0.0.1:8787', values.parseAddress);

const adminAddress = option.parsedText('address or `off`', '127.0.0.1:8788', (text) =>
  text === 'off' ? ('off' as const) : values.parseAddress(text),
);

const drain = z.strictObject({
  lag: option.withDefault(option.duration({ min: '0s' }), '5s', {
    doc: 'Readiness says no, while calls are still taken.',
    why: 'A balancer needs a few seconds to hear of it.',
  }),
  ramp: option.withDefault(option.duration({ min: '0s' }), '15s', {
    doc: 'More and more answers close their connection, and resting ones are closed at random.',
    why: 'Callers come back elsewhere one by one, not all at once.',
  }),
  grace: option.withDefault(option.duration({ min: '0s' }), '120s', {
    doc: 'How long running answers may go on after that; then streams are told and cut.',
    why: 'Most streams end within two minutes; longer ones need a longer grace.',
  }),
});

const workers = z
  .union([z.literal('auto'), option.integer({ min: 1, max: 256 })], {
    error: () => 'is neither a whole number from 1 to 256 nor "auto"',
  })
  .register(option.kindRegistry, { kind: 'whole number or `auto`', example: 'auto' });

/** The configuration file. */
export const configSchema = z.strictObject({
  listen: option.withDefault(address(), '127.0.0.1:8787', {
    doc: 'Where callers connect.',
    why: 'Loopback, because without `access.keys` whoever connects may call.',
  }),
  admin: option.withDefault(adminAddress, '127.0.0.1:8788', {
    doc: 'Where health, metrics and the debug views answer, or `off`.',
    why: 'A port of its own, so that it can stay private.',
  }),
  workers: option.withDefault(workers, 1, {
    doc: 'Processes that carry calls; `auto` = one for each core. Limits are divided among them.',
    why: 'One process uses one core, and one is enough for thousands of streams.',
  }),
  reusePort: option.withDefault(option.flag(), false, {
    doc: 'Another Holdfast of the same user may take the same ports.',
    why: 'For an upgrade without a gap: start the new one, then end the old one. Both need it.',
  }),
  access: option.group(access, {
    doc: 'Who may call.',
    why: 'On a machine of your own nobody needs a key.',
  }),
  allowRemote: option.withDefault(option.flag(), false, {
    doc: 'Allow listening on addresses that other machines can reach without caller keys.',
    why: 'Saying it out loud prevents an open relay by accident.',
  }),
  edge: option.withDefault(option.choice('own', 'node-http'), 'own', {
    doc: 'HTTP server: our own codec, or that of Node.',
    why: 'The second one exists for comparison; it costs more CPU per call.',
  }),
  drain: option.group(drain, {
    doc: 'The way out after SIGTERM: told first, then fewer connections, then the end.',
    why: 'Set the grace period of the orchestrator above the sum of the three.',
  }),
  guard: option.withDefault(option.flag(), true, {
    doc: 'Refuse calls while this process itself is overloaded: a late event loop or a full heap.',
    why: 'Calls taken beyond that point harm those that run. Off for tests that share the process.',
  }),
  breaker: option.group(breaker, {
    doc: 'When an endpoint that fails is left alone.',
    why: 'Callers are told at once, and the endpoint can recover.',
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
