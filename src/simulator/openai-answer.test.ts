import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../core/header-list.ts';
import { seededRandom } from '../core/random.ts';
import { planAnswer } from './answer-plan.ts';
import type { AnswerPlan } from './answer-plan.ts';
import { at, bodyOf, eventsOf, textAt } from './plan-events.ts';
import type { PlannedEvent } from './plan-events.ts';

function plan(path: string, body: object, seed = 7): AnswerPlan {
  const request = { method: 'POST', path, headers: HeaderList.empty, body: JSON.stringify(body) };
  return planAnswer(request, seededRandom(seed));
}

const chat = (body: object): AnswerPlan => plan('/v1/chat/completions', body);
const responses = (body: object): AnswerPlan => plan('/v1/responses', body);
const model = 'sim-fast';
const user = (content: unknown): object => ({ role: 'user', content });
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const chatTools = [{ type: 'function', function: { name: 'get_weather', parameters } }];
const flatTools = [{ type: 'function', name: 'get_weather', parameters, strict: false }];

function folded(words: readonly string[]): string {
  return words.filter((word, place) => word !== words[place - 1]).join(' ');
}

function chatShape(events: readonly PlannedEvent[]): string {
  return folded(
    events.map(({ data }) => {
      if (data === '[DONE]') return 'done';
      if (at(data, 'error') !== undefined) return 'error';
      if (at(data, 'choices.0') === undefined) return 'usage';
      const finish = at(data, 'choices.0.finish_reason');
      if (finish !== null) return `finish:${textAt(data, 'choices.0.finish_reason')}`;
      return Object.keys(at(data, 'choices.0.delta') as object)[0] ?? 'empty';
    }),
  );
}

function responsesShape(events: readonly PlannedEvent[]): string {
  return folded(events.map(({ name }) => name.replace('response.', '')));
}

function joined(events: readonly PlannedEvent[], path: string): string {
  return events.map(({ data }) => textAt(data, path)).join('');
}

describe('chat completions of the simulator', () => {
  const ask = (text: string, more: object = {}): object => ({
    model,
    stream: true,
    messages: [user(text)],
    ...more,
  });

  it('streams role, content, finish and the end mark, without event names', () => {
    const events = eventsOf(chat(ask('hello')));
    equal(chatShape(events), 'role content finish:stop done');
    ok(events.every(({ name }) => name === ''));
    ok(events.slice(0, -1).every(({ data }) => at(data, 'object') === 'chat.completion.chunk'));
  });

  it('adds one usage chunk without choices when asked, and none otherwise', () => {
    const events = eventsOf(
      chat(ask('[[tokens=12]]', { stream_options: { include_usage: true } })),
    );
    equal(chatShape(events), 'role content finish:stop usage done');
    const usage = at(events.at(-2)?.data, 'usage');
    equal(at(usage, 'completion_tokens'), 12);
    equal(at(usage, 'total_tokens'), Number(at(usage, 'prompt_tokens')) + 12);
    ok(events.slice(0, -2).every(({ data }) => at(data, 'usage') === null));
  });

  it('gives every alternative its own text and finish reason', () => {
    const events = eventsOf(chat(ask('hello', { n: 3 })));
    const texts = new Map<number, string>();
    const finished = new Set<number>();
    for (const { data } of events) {
      const index = Number(at(data, 'choices.0.index'));
      if (Number.isNaN(index)) continue;
      texts.set(index, (texts.get(index) ?? '') + textAt(data, 'choices.0.delta.content'));
      ok(!finished.has(index), 'nothing after the finish reason');
      if (at(data, 'choices.0.finish_reason') !== null) finished.add(index);
    }
    deepEqual(
      [...finished].toSorted((a, b) => a - b),
      [0, 1, 2],
    );
    equal(new Set(texts.values()).size, 3);
    const whole = bodyOf(chat(ask('hello', { n: 3, stream: false })));
    for (const [index, text] of texts) equal(at(whole, `choices.${index}.message.content`), text);
  });

  it('streams parallel tool calls with id and name in the first fragment only', () => {
    const events = eventsOf(chat(ask('[[tools=2]]', { tools: chatTools })));
    equal(chatShape(events), 'role tool_calls finish:tool_calls done');
    const fragments = events.map(({ data }) => at(data, 'choices.0.delta.tool_calls.0'));
    for (const index of [0, 1]) {
      const own = fragments.filter((fragment) => at(fragment, 'index') === index);
      match(textAt(own[0], 'id'), /^call_\w{24}$/);
      ok(own.slice(1).every((fragment) => at(fragment, 'id') === undefined));
      const text = own.map((fragment) => textAt(fragment, 'function.arguments')).join('');
      deepEqual(JSON.parse(text), { city: 'Lisbon' });
    }
  });

  it('finishes the round of tools with a text about the outcome', () => {
    const first = bodyOf(chat(ask('[[tool]]', { stream: false, tools: chatTools })));
    const message = at(first, 'choices.0.message') as object;
    equal(at(message, 'content'), null);
    const id = at(message, 'tool_calls.0.id');
    const result = { role: 'tool', tool_call_id: id, content: 'twelve degrees' };
    const messages = [user('[[tool]]'), message, result];
    const second = bodyOf(chat(ask('', { stream: false, tools: chatTools, messages })));
    equal(at(second, 'choices.0.finish_reason'), 'stop');
    match(textAt(second, 'choices.0.message.content'), /twelve degrees/);
  });

  it('obeys tool_choice', () => {
    const named = { type: 'function', function: { name: 'get_weather' } };
    for (const [choice, finish] of [
      ['required', 'tool_calls'],
      ['none', 'stop'],
      [named, 'tool_calls'],
    ]) {
      const body = ask('[[tokens=4]]', { stream: false, tools: chatTools, tool_choice: choice });
      equal(at(bodyOf(chat(body)), 'choices.0.finish_reason'), finish);
    }
  });

  it('puts an error into the stream where it was asked to, and no end mark after it', () => {
    equal(chatShape(eventsOf(chat(ask('[[error@3]]')))), 'role content error');
  });

  it('never pings, however long the silence', () => {
    const plain = chat(ask('[[tokens=3]] [[gap=60s]] [[pings=1s]]'));
    equal(chatShape(eventsOf(plain)), 'role content finish:stop done');
  });

  it('refuses what the service refuses, in its words', () => {
    const cases: readonly (readonly [object, string | null, string | null])[] = [
      [{ messages: [user('x')] }, 'missing_required_parameter', 'model'],
      [{ model }, 'missing_required_parameter', 'messages'],
      [{ model, messages: [] }, 'empty_array', 'messages'],
      [{ model, messages: [user('x')], n: 0 }, 'invalid_value', 'n'],
      [{ model, messages: [user('x')], max_tokens: -3 }, 'invalid_value', null],
      [
        { model, messages: [{ role: 'tool', tool_call_id: 'x', content: '' }] },
        null,
        'messages.[0].role',
      ],
    ];
    for (const [body, code, param] of cases) {
      const refused = chat(body);
      equal(refused.status, 400);
      const error = at(bodyOf(refused), 'error');
      equal(at(error, 'type'), 'invalid_request_error');
      equal(at(error, 'code'), code);
      equal(at(error, 'param'), param);
    }
  });
});

describe('responses of the simulator', () => {
  const ask = (input: unknown, more: object = {}): object => ({
    model,
    stream: true,
    input,
    ...more,
  });

  it('streams the events of a message in the order of the service', () => {
    const events = eventsOf(responses(ask('hello')));
    equal(
      responsesShape(events),
      'created in_progress output_item.added content_part.added output_text.delta ' +
        'output_text.done content_part.done output_item.done completed',
    );
    for (const { name, data } of events) equal(at(data, 'type'), name);
  });

  it('numbers every event from 0 without a gap, pings and failures included', () => {
    for (const text of ['hello', '[[first=35s]]', '[[error@3]]', '[[tokens=3]] [[gap=25s]]']) {
      const events = eventsOf(responses(ask(text)));
      deepEqual(
        events.map(({ data }) => at(data, 'sequence_number')),
        events.map((_, place) => place),
        text,
      );
    }
    ok(responsesShape(eventsOf(responses(ask('[[first=35s]]')))).includes('keepalive'));
  });

  it('repeats the whole text in done, in the item and in the response', () => {
    const events = eventsOf(responses(ask('hello')));
    const text = joined(events, 'delta');
    const one = (name: string): unknown => events.find((event) => event.name === name)?.data;
    equal(at(one('response.output_text.done'), 'text'), text);
    equal(at(one('response.output_item.done'), 'item.content.0.text'), text);
    const completed = one('response.completed');
    equal(at(completed, 'response.output.0.content.0.text'), text);
    const usage = at(completed, 'response.usage');
    equal(
      at(usage, 'total_tokens'),
      Number(at(usage, 'input_tokens')) + Number(at(usage, 'output_tokens')),
    );
    const whole = bodyOf(responses(ask('hello', { stream: false })));
    deepEqual(whole, at(completed, 'response'));
  });

  it('thinks in an item of its own when reasoning is asked for', () => {
    const reasoning = { effort: 'medium', summary: 'auto' };
    const events = eventsOf(responses(ask('[[think]]', { reasoning })));
    match(
      responsesShape(events),
      new RegExp(
        '^created in_progress output_item.added reasoning_summary_part.added ' +
          'reasoning_summary_text.delta reasoning_summary_text.done reasoning_summary_part.done ' +
          'output_item.done output_item.added content_part.added',
      ),
    );
    ok(
      Number(at(events.at(-1)?.data, 'response.usage.output_tokens_details.reasoning_tokens')) > 0,
    );
  });

  it('encrypts reasoning for clients that keep it themselves', () => {
    const more = { stream: false, reasoning: {}, include: ['reasoning.encrypted_content'] };
    const whole = bodyOf(responses(ask('[[think]]', more)));
    equal(at(whole, 'output.0.type'), 'reasoning');
    equal(textAt(whole, 'output.0.encrypted_content').length, 256);
  });

  it('streams a function call, then tells what the function answered', () => {
    const events = eventsOf(responses(ask('[[tool]]', { tools: flatTools })));
    equal(
      responsesShape(events),
      'created in_progress output_item.added function_call_arguments.delta ' +
        'function_call_arguments.done output_item.done completed',
    );
    deepEqual(JSON.parse(joined(events, 'delta')), { city: 'Lisbon' });
    const call = at(events.at(-1)?.data, 'response.output.0') as { call_id: string };
    const output = { type: 'function_call_output', call_id: call.call_id, output: 'windy' };
    const input = [user('[[tool]]'), call, output];
    const whole = bodyOf(responses(ask(input, { stream: false, tools: flatTools })));
    match(textAt(whole, 'output.0.content.0.text'), /windy/);
  });

  it('gives the shells of Codex a harmless command, as a text or as words', () => {
    const text = { type: 'object', properties: { cmd: { type: 'string' } }, required: ['cmd'] };
    const words = {
      type: 'object',
      properties: { command: { type: 'array' } },
      required: ['command'],
    };
    const cases: readonly (readonly [string, object, object])[] = [
      ['exec_command', text, { cmd: 'echo holdfast-1' }],
      ['shell', words, { command: ['echo', 'holdfast-1'] }],
    ];
    for (const [name, schema, expected] of cases) {
      const tools = [{ type: 'function', name, parameters: schema }];
      const body = ask('go', { model: 'sim-tools', stream: false, tools });
      const whole = bodyOf(responses(body));
      deepEqual(JSON.parse(textAt(whole, 'output.0.arguments')), expected);
    }
  });

  it('calls a custom tool with free text', () => {
    const tools = [{ type: 'custom', name: 'apply_patch' }];
    const events = eventsOf(responses(ask('[[tool=apply_patch]]', { tools })));
    ok(responsesShape(events).includes('custom_tool_call_input.delta custom_tool_call_input.done'));
    equal(at(events.at(-1)?.data, 'response.output.0.type'), 'custom_tool_call');
  });

  it('ends incomplete when the tokens run out', () => {
    const events = eventsOf(responses(ask('[[tokens=50]]', { max_output_tokens: 9 })));
    const last = events.at(-1);
    equal(last?.name, 'response.incomplete');
    equal(at(last?.data, 'response.incomplete_details.reason'), 'max_output_tokens');
    equal(at(last?.data, 'response.usage.output_tokens'), 9);
  });

  it('fails with the response where it was asked to', () => {
    const last = eventsOf(responses(ask('[[error@3]]'))).at(-1);
    equal(last?.name, 'response.failed');
    equal(at(last?.data, 'response.error.code'), 'server_error');
  });

  it('counts input tokens as the answer does', () => {
    const body = ask('how long is this', { instructions: 'be brief' });
    const counted = bodyOf(plan('/v1/responses/input_tokens', body));
    equal(at(counted, 'object'), 'response.input_tokens');
    const last = eventsOf(responses(body)).at(-1);
    equal(at(counted, 'input_tokens'), at(last?.data, 'response.usage.input_tokens'));
  });

  it('refuses an output without its call, unless stored items are referred to', () => {
    const output = { type: 'function_call_output', call_id: 'call_x', output: '' };
    equal(responses(ask([user('x'), output])).status, 400);
    const reference = { type: 'item_reference', id: 'fc_1' };
    equal(responses(ask([user('x'), reference, output])).status, 200);
  });
});

describe('embeddings of the simulator', () => {
  const vectorOf = (answer: AnswerPlan, index = 0): number[] =>
    at(bodyOf(answer), `data.${index}.embedding`) as number[];
  const embed = (body: object, seed = 1): AnswerPlan =>
    plan('/v1/embeddings', { model, ...body }, seed);
  const dot = (a: number[], b: number[]): number =>
    a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);

  it('gives the same text the same vector of length one, whatever the seed', () => {
    const vector = vectorOf(embed({ input: 'idle connections' }));
    equal(vector.length, 1536);
    ok(Math.abs(dot(vector, vector) - 1) < 1e-5);
    deepEqual(vectorOf(embed({ input: 'idle connections' }, 2)), vector);
  });

  it('puts texts that share words nearer to each other', () => {
    const input = ['a quiet socket dies', 'a quiet socket lives', 'bread and butter'];
    const whole = embed({ input, dimensions: 512 });
    const [one, two, three] = [0, 1, 2].map((index) => vectorOf(whole, index)) as [
      number[],
      number[],
      number[],
    ];
    ok(dot(one, two) > dot(one, three) + 0.3);
  });

  it('encodes the same numbers in base64', () => {
    const body = { input: 'idle', dimensions: 16 };
    const text = at(bodyOf(embed({ ...body, encoding_format: 'base64' })), 'data.0.embedding');
    const bytes = Buffer.from(String(text), 'base64');
    const decoded = Array.from({ length: 16 }, (_, place) => bytes.readFloatLE(place * 4));
    deepEqual(decoded, vectorOf(embed(body)));
  });

  it('refuses an empty input and odd dimensions', () => {
    for (const body of [{}, { input: '' }, { input: [] }, { input: 'x', dimensions: 0 }]) {
      equal(embed(body).status, 400);
    }
  });
});
