// What of a request its answer has to know: the link between the two halves of a conversion.

import type { AskedFor } from './answer-events.ts';
import { estimateTokens } from './estimate-tokens.ts';
import type { EncodedRequest, ModelRequest } from './model-request.ts';

/** The form that the caller of `request` expects of the answer to `encoded`. */
export function askedFor(request: ModelRequest, encoded: EncodedRequest): AskedFor {
  const freeTextTools = new Set<string>();
  for (const tool of request.tools) if (tool.freeText) freeTextTools.add(tool.name);
  return {
    model: request.model,
    stream: request.stream,
    includeUsage: request.includeUsage,
    wantsReasoning: request.wantsReasoning,
    toolNames: encoded.toolNames,
    freeTextTools,
    estimatedInputTokens: estimateTokens(request),
  };
}
