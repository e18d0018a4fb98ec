// The request decoders and encoders by format.

import type { ModelDialect } from './answer-events.ts';
import { decodeAnthropicRequest } from './decode-anthropic-request.ts';
import { decodeChatRequest } from './decode-chat-request.ts';
import { decodeResponsesRequest } from './decode-responses-request.ts';
import { encodeAnthropicRequest } from './encode-anthropic-request.ts';
import { encodeChatRequest } from './encode-chat-request.ts';
import { encodeResponsesRequest } from './encode-responses-request.ts';
import { parseExact } from './exact-json.ts';
import type {
  DecodedRequest,
  EncodedRequest,
  EncodeLimits,
  ModelRequest,
  RequestProblem,
} from './model-request.ts';

const decoders: Readonly<Record<ModelDialect, (json: unknown) => DecodedRequest | RequestProblem>> =
  {
    anthropic: decodeAnthropicRequest,
    'openai-chat': decodeChatRequest,
    'openai-responses': decodeResponsesRequest,
  };

const encoders: Readonly<
  Record<
    ModelDialect,
    (request: ModelRequest, limits: EncodeLimits) => EncodedRequest | RequestProblem
  >
> = {
  anthropic: encodeAnthropicRequest,
  'openai-chat': encodeChatRequest,
  'openai-responses': encodeResponsesRequest,
};

/** Reads the body of a request in this format. */
export function decodeRequest(
  format: ModelDialect,
  body: Uint8Array,
): DecodedRequest | RequestProblem {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  // Arguments of tools may hold integers that a double would change.
  const json = parseExact(text);
  if (json === undefined) {
    return { status: 400, message: 'the body is no JSON', param: undefined, code: undefined };
  }
  return decoders[format](json);
}

/** Writes a request in this format. */
export function encodeRequest(
  format: ModelDialect,
  request: ModelRequest,
  limits: EncodeLimits,
): EncodedRequest | RequestProblem {
  return encoders[format](request, limits);
}
