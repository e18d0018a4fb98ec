// Options that say who may call, as whom, and how much.

import { z } from 'zod';
import * as option from './option.ts';
import * as values from './values.ts';

const quota = z.strictObject({
  requests: option.optional(option.parsedText('rate', '600/m', values.parseRate), {
    doc: 'Calls per second, minute, hour or day; beyond it 429 with the exact time to wait.',
    why: 'One runaway script must not take what belongs to all.',
  }),
  burst: option.optional(option.integer({ min: 1, max: 1_000_000 }), {
    doc: 'Calls that may come at once. Without it: a tenth of `requests`, at least 1.',
    why: 'Clients start several calls together and then none for a while.',
  }),
  tokens: option.optional(option.parsedText('rate', '200000/m', values.parseRate), {
    doc: 'Model tokens, prompt and answer. Estimated before the call and settled after it.',
    why: 'A few long prompts cost more than many short ones.',
  }),
  concurrent: option.optional(option.integer({ min: 1, max: 1_000_000 }), {
    doc: 'Calls that may run at the same time.',
    why: 'Streams hold a slot for minutes; a rate alone does not bound them.',
  }),
});

const accessKey = z.strictObject({
  name: option.required(option.parsedText('name', 'ci', values.parseName), {
    doc: 'Name in logs and metrics.',
    why: 'Tells callers apart without showing a key.',
  }),
  key: option.optional(option.parsedText('text', '${CI_KEY}', values.parseKey), {
    doc: 'The key itself, best as ${NAME}; at least 16 characters.',
    why: 'Only its hash is kept in memory.',
    secret: true,
  }),
  sha256: option.optional(option.parsedText('64 hex digits', 'e3b0c442...', values.parseSha256), {
    doc: 'SHA-256 of the key, in place of `key`.',
    why: 'The file then holds nothing that opens anything.',
  }),
  tenant: option.optional(option.parsedText('name', 'qa', values.parseName), {
    doc: 'Whom its calls are counted for. Without it: the name of the key.',
    why: 'Fairness and quotas are between tenants, however many keys each has.',
  }),
  priority: option.withDefault(option.choice('interactive', 'default', 'batch'), 'default', {
    doc: 'Place in line when there is one.',
    why: 'A person who waits comes before a nightly job.',
  }),
  quota: option.optional(quota, {
    doc: 'What this key may use.',
    why: 'Without it only the limits of its tenant and of the upstreams hold.',
  }),
});

/** `access`. */
export const access = z.strictObject({
  keys: option.optional(z.array(accessKey, { error: () => 'is not a list of keys' }), {
    doc: 'Keys of callers, sent as `x-holdfast-key`, `Authorization: Bearer` or `x-api-key`. Without any, everybody who can connect may call.',
    why: 'With keys the gateway may listen beyond this machine.',
  }),
  tenants: option.optional(
    z.record(
      option.parsedText('name', 'qa', values.parseName),
      z.strictObject({
        quota: option.required(quota, {
          doc: 'What all keys of the tenant may use together.',
          why: 'A team that makes more keys does not get more.',
        }),
      }),
    ),
    { doc: 'Quotas of tenants, by name.', why: 'Shared by all keys of a tenant.' },
  ),
});

/** What a caller or tenant may use, as written. */
export type QuotaConfig = z.output<typeof quota>;
/** One key as written. */
export type AccessKeyConfig = z.output<typeof accessKey>;
