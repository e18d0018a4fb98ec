// Answers GET /v1/models and /v1/models/{id} in both vendors' forms.

import { refuse } from './refusal.ts';
import type { Refusal, Vendor } from './refusal.ts';
import { simModels } from './sim-models.ts';
import type { SimModel } from './sim-models.ts';

const CREATED_AT = '2026-11-20T00:00:00Z';
const CREATED_SECONDS = Date.parse(CREATED_AT) / 1000;

/** The list of models. */
export function modelList(vendor: Vendor): object {
  const data = simModels.map((model) => entry(vendor, model));
  if (vendor === 'openai') return { object: 'list', data };
  const ids = simModels.map((model) => model.id);
  return { data, has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null };
}

/** One model of the list. */
export function oneModel(vendor: Vendor, id: string): object | Refusal {
  const model = simModels.find((known) => known.id === id);
  return model === undefined ? unknownModel(vendor, id) : entry(vendor, model);
}

/** The refusal for a model that is not there. */
export function unknownModel(vendor: Vendor, id: string): Refusal {
  if (vendor === 'anthropic') return refuse(404, `model: ${id}`);
  const message = `The model \`${id}\` does not exist or you do not have access to it.`;
  return refuse(404, message, 'model_not_found', 'model');
}

function entry(vendor: Vendor, model: SimModel): object {
  return vendor === 'anthropic'
    ? { type: 'model', id: model.id, display_name: model.displayName, created_at: CREATED_AT }
    : { id: model.id, object: 'model', created: CREATED_SECONDS, owned_by: 'holdfast-simulator' };
}
