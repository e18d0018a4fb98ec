import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nativeDocument, NativeStream } from '../../dialects/salesforce/native-answer.ts';
import type { NativeEnding } from '../../dialects/salesforce/native-answer.ts';
import type { AnswerError } from '../../dialects/conversion/answer-events.ts';
import { at } from '../plan-events.ts';
import { OrgRig } from './org.fixture.ts';
import type { ReadAnswer } from './org.fixture.ts';

const SONNET = 'sfdc_ai__DefaultBedrockAnthropicClaude45Sonnet';
const OPUS = 'sfdc_ai__DefaultBedrockAnthropicClaude48Opus';
const rig = new OrgRig().logIn();

function invoke(body: object, model = SONNET, stream = true): ReadAnswer {
  const action = stream ? 'invoke-with-response-stream' : 'invoke';
  const usual = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 1_000 };
  return rig.call(`/ai/gpt/v1/model/${model}/${action}`, { ...usual, ...body });
}

function ask(text: string, more: object = {}, stream = true): ReadAnswer {
  return invoke({ messages: [{ role: 'user', content: text }], ...more }, SONNET, stream);
}

/** Reads a stream as the gateway does, into the JSON of its events. */
function eventsOf({ bytes }: ReadAnswer): {
  events: Record<string, unknown>[];
  raw: string;
  errors: AnswerError[];
  ending: NativeEnding;
} {
  let raw = '';
  const errors: AnswerError[] = [];
  const stream = new NativeStream({
    events: (text) => (raw += text),
    failed: (error) => errors.push(error),
  });
  stream.push(bytes);
  const events = [...raw.matchAll(/^data: (.*)$/gm)].map(
    ([, data = '']) => JSON.parse(data) as Record<string, unknown>,
  );
  return { events, raw, errors, ending: stream.finish() };
}

describe('the native surface of the simulated org', () => {
  it('streams the events of Anthropic in frames', () => {
    const answer = ask('[[tokens=5]]');
    equal(answer.type, 'application/vnd.amazon.eventstream');
    const { events, ending } = eventsOf(answer);
    equal(ending, 'whole');
    deepEqual(
      [...new Set(events.map(({ type }) => type))],
      [
        'message_start',
        'content_block_start',
        'content_block_delta',
        'content_block_stop',
        'message_delta',
        'message_stop',
      ],
    );
    equal(at(events[0], 'message.model'), SONNET);
    equal(at(events.at(-2), 'usage.output_tokens'), 5);
  });

  it("tells the host's own counts in the last event", () => {
    const { bytes } = ask('[[tokens=5]]');
    const payload = /\{"bytes":"([^"]+)"\}(?![^]*\{"bytes")/.exec(bytes.toString('latin1'))?.[1];
    const stop = JSON.parse(Buffer.from(payload ?? '', 'base64').toString('utf8')) as object;
    equal(at(stop, 'type'), 'message_stop');
    equal(at(stop, 'amazon-bedrock-invocationMetrics.outputTokenCount'), 5);
  });

  it('answers in one piece when no stream is asked for', () => {
    const answer = ask('[[tokens=5]]', {}, false);
    equal(answer.streamed, false);
    const document = nativeDocument(answer.text);
    equal(document.kind, 'message');
    equal(at(answer.json, 'usage.output_tokens'), 5);
  });

  it('calls tools and takes their results', () => {
    const tools = [
      { name: 'look', input_schema: { type: 'object', properties: { at: { type: 'string' } } } },
    ];
    const { events } = eventsOf(ask('[[tool=look]]', { tools }));
    const call = events.find((event) => at(event, 'content_block.type') === 'tool_use');
    equal(at(call, 'content_block.name'), 'look');
    equal(at(events.at(-2), 'delta.stop_reason'), 'tool_use');
    const id = String(at(call, 'content_block.id'));
    const messages = [
      { role: 'user', content: '[[tool=look]]' },
      { role: 'assistant', content: [{ type: 'tool_use', id, name: 'look', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'a red door' }] },
    ];
    const { raw } = eventsOf(invoke({ messages, tools }));
    const said = [...raw.matchAll(/"text":"([^"]*)"/g)].map(([, text]) => text).join('');
    match(said, /a red door/);
  });

  it('refuses what belongs into the path, and other versions', () => {
    for (const more of [{ model: 'm' }, { stream: true }, { anthropic_version: '2023-06-01' }]) {
      const refused = ask('x', more);
      equal(refused.status, 400, JSON.stringify(more));
      equal(at(refused.json, 'error_code'), 'BAD_ARGUMENT');
    }
    equal(invoke({ messages: [], max_tokens: undefined }).status, 400);
  });

  it('breaks at thoughts of finished turns, not at those of calls under way', () => {
    const thought = { type: 'thinking', thinking: 'hm', signature: 'x' };
    const old = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: [thought, { type: 'text', text: 'b' }] },
      { role: 'user', content: 'c' },
    ];
    const broken = invoke({ messages: old });
    deepEqual(
      [broken.status, at(broken.json, 'message')],
      [502, 'No user context has been created'],
    );
    const call = { type: 'tool_use', id: 't1', name: 'f', input: {} };
    const current = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: [thought, call] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'ok' }] },
    ];
    equal(invoke({ messages: current }).status, 200);
  });

  it('refuses budgets of thinking on newer models', () => {
    const thinking = { type: 'enabled', budget_tokens: 1_024 };
    const messages = [{ role: 'user', content: 'a' }];
    equal(invoke({ messages, thinking, max_tokens: 2_000 }, SONNET).status, 200);
    equal(invoke({ messages, thinking }, OPUS).status, 400);
    equal(invoke({ messages, thinking: { type: 'adaptive' } }, OPUS).status, 200);
  });

  it('refuses adaptive thinking and efforts on older ones', () => {
    const messages = [{ role: 'user', content: 'a' }];
    const refused = invoke({ messages, thinking: { type: 'adaptive' } }, SONNET);
    equal(refused.status, 400);
    equal(at(refused.json, 'message'), 'adaptive thinking is not supported on this model');
    const effort = invoke({ messages, output_config: { effort: 'low' } }, SONNET);
    equal(at(effort.json, 'message'), 'This model does not support the effort parameter.');
  });

  it('refuses betas that its host does not know, and what they would unlock', () => {
    const messages = [{ role: 'user', content: 'a' }];
    const said = (more: object, model = SONNET): unknown =>
      at(invoke({ messages, ...more }, model).json, 'message');
    const known = 'context-management-2025-06-27';
    equal(said({ anthropic_beta: [known], context_management: {} }), undefined);
    equal(said({ anthropic_beta: [known, 'claude-code-20250219'] }), 'invalid beta flag');
    equal(said({ anthropic_beta: [known] }, OPUS), 'invalid beta flag');
    match(String(said({ context_management: {} })), /^context_management: Extra inputs/);
  });

  it('says that a prompt is too long in words that clients act on', () => {
    const refused = ask('x'.repeat(470_000));
    equal(refused.status, 400);
    match(String(at(refused.json, 'message')), /^prompt is too long: \d+ tokens > \d+ maximum$/);
  });
});

describe('streams of the simulated org that go wrong', () => {
  it('end by an exception', () => {
    const { events, errors, ending } = eventsOf(ask('[[error@2]] [[tokens=9]]'));
    equal(events.filter(({ type }) => type === 'content_block_delta').length, 2);
    deepEqual([errors[0]?.class, ending], ['overloaded', 'failed']);
  });

  it('stop without their closing event, or break', () => {
    const stopped = ask('[[stop@2]]');
    deepEqual([stopped.ending, eventsOf(stopped).ending], ['end', 'STREAM_TRUNCATED']);
    equal(ask('[[cut@2]]').ending, 'cut');
  });

  it('are empty', () => {
    const empty = ask('[[empty]]');
    deepEqual([empty.status, empty.bytes.length], [200, 0]);
    equal(eventsOf(empty).ending, 'EMPTY_ANSWER');
  });

  it('are errors in JSON under status 200', () => {
    const odd = ask('[[json-error]]');
    deepEqual([odd.status, odd.type], [200, 'application/json;charset=utf-8']);
    const document = nativeDocument(odd.text);
    equal(document.kind === 'error' && document.error.class, 'overloaded');
  });

  it('hold a damaged frame', () => {
    const { events, errors } = eventsOf(ask('[[bad-crc@3]] [[tokens=9]]'));
    equal(events.length, 3);
    match(errors[0]?.message ?? '', /checksum/);
  });

  it('are silent for as long as they are told to, without signs of life', () => {
    const stalled = ask('[[stall@2=90s]] [[tokens=9]] [[jitter=0]]');
    ok(stalled.waitMs > 90_000);
    ok(!eventsOf(stalled).raw.includes('ping'));
  });
});
