// Which conversion stands between a caller's format and that of an upstream, as configured.

import type { Conversion } from '../core/conversion.ts';
import type { EncoderDeps } from '../dialects/conversion/answer-writer.ts';
import { FormatConversion, UpstreamHabits } from '../dialects/conversion/format-conversion.ts';
import type { EncodeLimits } from '../dialects/conversion/model-request.ts';
import { renaming } from '../dialects/conversion/rename-model.ts';
import { SalesforceConversion } from '../dialects/salesforce/salesforce-conversion.ts';
import type { SalesforceOptions } from '../dialects/salesforce/salesforce-conversion.ts';
import type { UpstreamSettings } from './config/settings.ts';
import { nameMatcher } from './glob.ts';
import type { Tier } from './targets.ts';
import { convertedPath } from './wire-formats.ts';
import type { CallerFormat, TargetFormat } from './wire-formats.ts';

/** How calls are put to an upstream; `undefined` = as they are. */
export function conversionFor(
  from: CallerFormat | undefined,
  to: TargetFormat | undefined,
  tier: Tier,
  answers: EncoderDeps,
): Conversion | undefined {
  const { settings } = tier;
  const nameOf = namingOf(tier);
  if (from === undefined || to === undefined || from === to) {
    return tier.model === undefined && settings.models.length === 0 ? undefined : renaming(nameOf);
  }
  const limits = encodeLimits(settings);
  if (to === 'salesforce-models') {
    return new SalesforceConversion({
      from,
      nameOf,
      limits,
      options: salesforceOptions(settings),
      bearsKey: settings.credentials === undefined,
      answers,
    });
  }
  // Embeddings are asked for in one format only.
  if (from === 'openai-embeddings' || to === 'openai-embeddings') return undefined;
  return new FormatConversion({
    from,
    to,
    nameOf,
    limits,
    path: (path) => convertedPath(path, from, to),
    bearsKey: settings.credentials === undefined,
    answers,
    habits: habitsOf(settings),
  });
}

/** What was found out about each upstream; a new configuration begins without. */
const habits = new WeakMap<UpstreamSettings, UpstreamHabits>();

function habitsOf(settings: UpstreamSettings): UpstreamHabits {
  const known = habits.get(settings) ?? new UpstreamHabits();
  habits.set(settings, known);
  return known;
}

/** What a model is called at an upstream. */
export function namingOf({ settings, model }: Tier): (asked: string) => string {
  if (model !== undefined) return () => model;
  const exact = new Map(settings.models.filter(([asked]) => !asked.includes('*')));
  const patterns = settings.models
    .filter(([asked]) => asked.includes('*'))
    .map(([asked, name]) => ({ matcher: nameMatcher(asked), name }));
  return (asked) =>
    exact.get(asked) ?? patterns.find(({ matcher }) => matcher.matches(asked))?.name ?? asked;
}

function salesforceOptions({ salesforce }: UpstreamSettings): SalesforceOptions {
  return { ...salesforce, members: salesforce.members ?? {}, betas: salesforce.betas };
}

function encodeLimits({ convert }: UpstreamSettings): Omit<EncodeLimits, 'model'> {
  const { efforts, laterSystem, maxTokens, ...limits } = convert;
  return {
    ...limits,
    maxTokens,
    ...(efforts === undefined ? {} : { efforts }),
    ...(laterSystem === undefined ? {} : { laterSystem }),
  };
}
