// The models of a simulated org by their API names. Those of the simulator itself (`sim-chat`,
// `sim-slow` ...) can be named on both surfaces, to choose a pace.

import { simModelNamed, simModels } from '../sim-models.ts';
import type { SimModel } from '../sim-models.ts';

/** Whose model it is; decides the spelling of token counts and of reasons to finish. */
export type Provider = 'openai' | 'bedrock' | 'gemini';

/** One model of the org. */
export interface OrgModel {
  readonly name: string;
  readonly provider: Provider;
  /** Only models of this kind answer on the native surface. */
  readonly claude: boolean;
  readonly embeds: boolean;
  /** Refuses thinking with a budget. */
  readonly adaptiveOnly: boolean;
  /** Its pace and manner. */
  readonly sim: SimModel;
}

const hosted = simModelNamed('sim-chat') as SimModel;

function model(name: string, provider: Provider, more: Partial<OrgModel> = {}): OrgModel {
  const own = { name, provider, claude: provider === 'bedrock', embeds: false, sim: hosted };
  return { ...own, adaptiveOnly: false, ...more };
}

/** Every model of the org. Source: the list of names in the reference on Salesforce, section 5. */
export const orgModels: readonly OrgModel[] = [
  model('sfdc_ai__DefaultBedrockAnthropicClaude45Sonnet', 'bedrock'),
  model('sfdc_ai__DefaultBedrockAnthropicClaude45Haiku', 'bedrock'),
  model('sfdc_ai__DefaultBedrockAnthropicClaude46Opus', 'bedrock', { adaptiveOnly: true }),
  model('sfdc_ai__DefaultBedrockAnthropicClaude48Opus', 'bedrock', { adaptiveOnly: true }),
  model('sfdc_ai__DefaultBedrockAnthropicClaude5Sonnet', 'bedrock', { adaptiveOnly: true }),
  model('sfdc_ai__DefaultOpenAIGPT4OmniMini', 'openai'),
  model('sfdc_ai__DefaultGPT4Omni', 'openai'),
  model('sfdc_ai__DefaultGPT41Mini', 'openai'),
  model('sfdc_ai__DefaultGPT5', 'openai'),
  model('sfdc_ai__DefaultGPT52', 'openai'),
  model('sfdc_ai__DefaultVertexAIGemini25Flash001', 'gemini'),
  model('sfdc_ai__DefaultVertexAIGeminiPro25', 'gemini'),
  model('sfdc_ai__DefaultOpenAITextEmbeddingAda_002', 'openai', { embeds: true }),
  model('sfdc_ai__DefaultAzureOpenAITextEmbeddingAda_002', 'openai', { embeds: true }),
  ...simModels.map((sim) => model(sim.id, 'bedrock', { embeds: true, sim })),
];

const byName = new Map(orgModels.map((known) => [known.name, known]));

/** The model of that API name. */
export function orgModelNamed(name: string): OrgModel | undefined {
  return byName.get(name);
}
