// Options of one route: which requests, where they go, what happens on the way.

import { z } from 'zod';
import * as option from './option.ts';
import { heartbeat, retry, sticky, twins } from './schema-policies.ts';
import { headerName } from './schema-upstream.ts';
import * as values from './values.ts';

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

/** An upstream by name, or with another model than the one asked for. */
const routeUpstream = z
  .union(
    [
      z.string(),
      z.strictObject({
        upstream: option.required(option.parsedText('name', 'backup', values.parseName), {
          doc: 'Name of the upstream.',
          why: 'Written out only where a model stands beside it.',
        }),
        model: option.required(
          option.parsedText('text', 'small-model', (text) => text),
          {
            doc: 'Model that answers there in place of the one asked for; told in `x-holdfast-model`.',
            why: 'Another model is another answer, so it is used only where it is written.',
          },
        ),
      }),
    ],
    { error: () => 'is neither the name of an upstream nor { upstream, model }' },
  )
  .register(option.kindRegistry, {
    kind: 'name, or `upstream` with `model`',
    example: 'anthropic',
  });

/** One entry of `routes`. */
export const route = z.strictObject({
  name: option.optional(option.parsedText('name', 'claude', values.parseName), {
    doc: 'Name in logs and metrics. Without it: made from the path and the model.',
    why: 'A short name reads better in a dashboard.',
  }),
  match: option.required(match, {
    doc: 'Which requests; all conditions must hold. The first matching route wins.',
    why: 'Order is the simplest rule that can be predicted.',
  }),
  upstreams: option.required(
    z.array(routeUpstream, { error: () => 'is not a list of upstreams' }).min(1, {
      error: () => 'is empty; name one upstream',
    }),
    {
      doc: 'Where they go: tiers in order. The first takes all calls while most of its endpoints work. `simulator` is the built-in one.',
      why: 'What the first can not take, the next does; a list because order is the simplest rule.',
    },
  ),
  retry: option.group(retry, {
    doc: 'Further attempts after a failure that no caller has seen yet.',
    why: 'What fails before its first content can be replaced without a trace.',
  }),
  heartbeat: option.group(heartbeat, {
    doc: 'How silent answers are kept alive.',
    why: 'What is silent for long is closed by somebody on the way.',
  }),
  twins: option.group(twins, {
    doc: 'Equal requests of one session at the same time: the later one joins the answer of the first.',
    why: 'Agents that lose a connection ask again while the first answer is still being made, and paid for.',
  }),
  sticky: option.optional(sticky, {
    doc: 'Header whose value keeps calls on one endpoint while that one is not overloaded.',
    why: 'Providers keep prompts in caches of their own; the second call of a session finds it.',
  }),
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

/** One route as written. */
export type RouteConfig = z.output<typeof route>;
