// What the gateway answers in place of an upstream that has no such call: token counts for callers
// of Anthropic's API, by estimate, and the list of models, from the configured names.

import type { Call } from '../core/call.ts';
import type { Dialect } from '../core/dialect.ts';
import { CallError } from '../core/errors.ts';
import { HeaderList } from '../core/header-list.ts';
import type { Service } from '../core/layer.ts';
import { freeFlow } from '../core/sink.ts';
import type { Sink } from '../core/sink.ts';
import { readWhole } from '../core/whole-request.ts';
import { decodeAnthropicRequest } from '../dialects/conversion/decode-anthropic-request.ts';
import { estimateTokens } from '../dialects/conversion/estimate-tokens.ts';
import { isProblem } from '../dialects/conversion/model-request.ts';
import { isModelDialect } from './config/layer-settings.ts';
import { dialectTable } from './dialect-table.ts';
import { listAsk, namesOf } from './model-list.ts';
import type { Tier } from './targets.ts';

/** One kind of answer. */
export interface OwnAnswer {
  readonly name: 'count-tokens' | 'models';
  /** Of the callers, in which they are refused. */
  readonly dialect: Dialect;
  readonly service: Service;
}

/** The answer to calls of this path, if none of these upstreams can give it. */
export function ownAnswer(
  tiers: readonly Tier[],
  path: string,
  post: boolean,
): OwnAnswer | undefined {
  const dialects = tiers.map(({ settings }) => settings.dialect);
  if (!dialects.every(isModelDialect)) return undefined;
  if (post && path.endsWith('/messages/count_tokens') && !dialects.includes('anthropic')) {
    return { name: 'count-tokens', dialect: dialectTable.anthropic, service: countTokens };
  }
  if (!post && listAsk(path) !== undefined && dialects[0] === 'salesforce-models') {
    const service = listModels([...new Set(tiers.flatMap(namesOf))]);
    return { name: 'models', dialect: dialectTable['openai-chat'], service };
  }
  return undefined;
}

const countTokens: Service = (call, sink) =>
  readWhole(call, sink, (body) => {
    const tokens = countIn(Buffer.from(body).toString('utf8'));
    if (tokens instanceof CallError) sink.fail(tokens);
    else answerJson(call, sink, 200, { input_tokens: tokens });
  });

function countIn(text: string): number | CallError {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return new CallError('BAD_REQUEST', { detail: 'The body is no JSON.' });
  }
  const decoded = decodeAnthropicRequest(json);
  if (isProblem(decoded)) return new CallError('BAD_REQUEST', { detail: decoded.message });
  return estimateTokens(decoded.request);
}

/** Lists models in the form of the vendor whose client asks. */
export function listModels(names: readonly string[]): Service {
  return (call, sink) => {
    if (call.method !== 'GET' && call.method !== 'HEAD') {
      // Nothing would be done, whatever was said.
      sink.fail(new CallError('NO_ROUTE', { detail: 'Models can only be listed here.' }));
      return;
    }
    const bare = call.path.split('?', 1)[0] ?? '';
    const one = listAsk(bare)?.one;
    const anthropic = call.headers.has('anthropic-version');
    if (one === undefined) {
      const data = names.map((name) => entry(name, anthropic));
      const ends = { has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null };
      answerJson(call, sink, 200, anthropic ? { data, ...ends } : { object: 'list', data });
    } else if (names.includes(one)) {
      answerJson(call, sink, 200, entry(one, anthropic));
    } else {
      sink.fail(new CallError('NO_ROUTE', { detail: 'No model of this name is configured.' }));
    }
  };
}

/** Nobody knows when a model of another vendor was made. */
const CREATED = 0;

function entry(id: string, anthropic: boolean): object {
  return anthropic
    ? { type: 'model', id, display_name: id, created_at: new Date(CREATED).toISOString() }
    : { id, object: 'model', created: CREATED, owned_by: 'holdfast' };
}

function answerJson(call: Call, sink: Sink, status: number, value: object): void {
  const body = Buffer.from(JSON.stringify(value));
  const headers = HeaderList.of([['content-type', 'application/json']]);
  sink.start(
    { status, reason: 'OK', headers, framing: 'length', contentLength: body.length },
    freeFlow,
  );
  if (call.method !== 'HEAD') sink.chunk(body);
  sink.end();
}
