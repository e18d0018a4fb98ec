import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../core/header-list.ts';
import { seededRandom } from '../core/random.ts';
import { planAnswer } from './answer-plan.ts';
import type { AnswerPlan } from './answer-plan.ts';
import { at, bodyOf, eventsOf, textAt } from './plan-events.ts';
import type { PlannedEvent } from './plan-events.ts';

const headers = HeaderList.of([['anthropic-version', '2023-06-01']]);

function plan(body: object, path = '/v1/messages', seed = 7): AnswerPlan {
  const request = { method: 'POST', path, headers, body: JSON.stringify(body) };
  return planAnswer(request, seededRandom(seed));
}

const user = (content: unknown): object => ({ role: 'user', content });

function ask(content: unknown, more: object = {}): object {
  return { model: 'sim-fast', max_tokens: 1000, stream: true, messages: [user(content)], ...more };
}

const weather = {
  name: 'get_weather',
  input_schema: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 2 } },
    required: ['city', 'days'],
  },
};

/** The order of events as one word each, deltas of the same kind folded. */
function shape(events: readonly PlannedEvent[]): string {
  const words = events.map(({ name, data }) => {
    if (name === 'content_block_start') return `start:${textAt(data, 'content_block.type')}`;
    if (name === 'content_block_delta') return textAt(data, 'delta.type');
    return name.replace('content_block_', '');
  });
  return words.filter((word, place) => word !== words[place - 1]).join(' ');
}

function joined(events: readonly PlannedEvent[], path: string): string {
  return events.map(({ data }) => textAt(data, path)).join('');
}

describe('anthropic answers of the simulator', () => {
  it('streams the events of a text in the order of the service', () => {
    const events = eventsOf(plan(ask('hello')));
    equal(
      shape(events),
      'message_start start:text ping text_delta stop message_delta message_stop',
    );
    for (const { name, data } of events) equal(at(data, 'type'), name);
  });

  it('says the same with and without a stream', () => {
    const streamed = joined(eventsOf(plan(ask('hello'))), 'delta.text');
    const whole = bodyOf(plan(ask('hello', { stream: false })));
    equal(at(whole, 'content.0.text'), streamed);
    ok(streamed.length > 20);
  });

  it('counts output tokens as the pieces that were sent, at the start and at the end', () => {
    const events = eventsOf(plan(ask('[[tokens=33]]')));
    const deltas = events.filter(({ name }) => name === 'content_block_delta');
    equal(deltas.length, 33);
    equal(at(events[0]?.data, 'message.usage.output_tokens'), 1);
    equal(at(events.at(-2)?.data, 'usage.output_tokens'), 33);
  });

  it('counts the prompt alike in count_tokens and in the answer', () => {
    const content = 'a prompt of some length, counted twice';
    const counted = bodyOf(plan(ask(content), '/v1/messages/count_tokens?beta=true'));
    const events = eventsOf(plan(ask(content)));
    const input = at(counted, 'input_tokens');
    equal(at(events[0]?.data, 'message.usage.input_tokens'), input);
    equal(input, Math.ceil(`roleusercontent${content}`.length / 4));
  });

  it('stops at max_tokens and says so', () => {
    const events = eventsOf(plan(ask('[[tokens=50]]', { max_tokens: 10 })));
    equal(events.filter(({ name }) => name === 'content_block_delta').length, 10);
    equal(at(events.at(-2)?.data, 'delta.stop_reason'), 'max_tokens');
  });

  it('sends nothing but usage for max_tokens 0', () => {
    equal(
      shape(eventsOf(plan(ask('x', { max_tokens: 0 })))),
      'message_start message_delta message_stop',
    );
  });

  it('thinks in a block of its own, with a signature before it stops', () => {
    const thinking = { type: 'enabled', budget_tokens: 1024 };
    equal(
      shape(eventsOf(plan(ask('hello', { thinking, max_tokens: 4096 })))),
      'message_start start:thinking ping thinking_delta signature_delta stop ' +
        'start:text text_delta stop message_delta message_stop',
    );
  });

  it('shows only the signature of hidden thinking', () => {
    const thinking = { type: 'adaptive', display: 'omitted' };
    match(
      shape(eventsOf(plan(ask('[[think]]', { thinking })))),
      /^message_start start:thinking ping signature_delta stop start:text/,
    );
  });

  it('never thinks unless the request allows it', () => {
    ok(!shape(eventsOf(plan(ask('[[think]]')))).includes('thinking'));
  });

  it('streams a tool call whose joined fragments are the input', () => {
    const events = eventsOf(plan(ask('use the tool', { tools: [weather] })));
    match(shape(events), /start:tool_use input_json_delta stop message_delta message_stop$/);
    const input = JSON.parse(joined(events, 'delta.partial_json')) as unknown;
    deepEqual(input, { city: 'Lisbon', days: 2 });
    equal(at(events.at(-2)?.data, 'delta.stop_reason'), 'tool_use');
  });

  it('ends the round of tools with a text that tells what the tool answered', () => {
    const tools = [weather];
    const first = bodyOf(plan(ask('get_weather please', { stream: false, tools })));
    const content = at(first, 'content') as { type: string; id?: string }[];
    const call = content.find((block) => block.type === 'tool_use');
    const result = { type: 'tool_result', tool_use_id: call?.id, content: '31 degrees' };
    const messages = [user('get_weather please'), { role: 'assistant', content }, user([result])];
    const second = bodyOf(plan(ask('', { stream: false, tools, messages })));
    equal(at(second, 'stop_reason'), 'end_turn');
    match(textAt(second, 'content.0.text'), /31 degrees/);
  });

  it('calls tools for as many rounds as the user asks for', () => {
    const tools = [weather];
    const messages: object[] = [user('[[rounds=3]]')];
    for (let round = 0; round < 3; round += 1) {
      const answer = bodyOf(
        plan(ask('', { stream: false, tools, messages }), '/v1/messages', round),
      );
      equal(at(answer, 'stop_reason'), 'tool_use', `round ${round}`);
      const content = at(answer, 'content') as { type: string; id?: string }[];
      const id = content.find((block) => block.type === 'tool_use')?.id;
      const result = {
        type: 'tool_result',
        tool_use_id: id,
        content: [{ type: 'text', text: 'r' }],
      };
      messages.push({ role: 'assistant', content }, user([result]));
    }
    const last = bodyOf(plan(ask('', { stream: false, tools, messages })));
    equal(at(last, 'stop_reason'), 'end_turn');
  });

  it('calls several tools at once, each in its own block with its own id', () => {
    const answer = bodyOf(plan(ask('[[tools=3]]', { stream: false, tools: [weather] })));
    const calls = (at(answer, 'content') as { type: string; id: string }[]).filter(
      (block) => block.type === 'tool_use',
    );
    equal(calls.length, 3);
    equal(new Set(calls.map((call) => call.id)).size, 3);
  });

  it('calls one tool when parallel use is disabled, and none when tools are forbidden', () => {
    const one = { type: 'auto', disable_parallel_tool_use: true };
    const options = { stream: false, tools: [weather] };
    const single = bodyOf(plan(ask('[[tools=3]]', { ...options, tool_choice: one })));
    equal((at(single, 'content') as object[]).length, 2);
    const none = bodyOf(plan(ask('[[tools=3]]', { ...options, tool_choice: { type: 'none' } })));
    equal(at(none, 'stop_reason'), 'end_turn');
  });

  it('gives the shell of Claude Code a harmless command', () => {
    const schema = {
      type: 'object',
      properties: { command: { type: 'string' }, timeout: { type: 'number' } },
      required: ['command'],
    };
    const other = { name: 'Agent', input_schema: { type: 'object', properties: {} } };
    const tools = [other, { name: 'Bash', input_schema: schema }];
    const answer = bodyOf(plan(ask('go', { model: 'sim-tools', stream: false, tools })));
    equal(at(answer, 'content.1.name'), 'Bash');
    deepEqual(at(answer, 'content.1.input'), { command: 'echo holdfast-1' });
  });

  it('reads the user, not the notes that a client puts around the prompt', () => {
    const note = {
      type: 'text',
      text: '<system-reminder>use the tool [[tokens=3]]</system-reminder>',
    };
    const answer = bodyOf(
      plan(
        ask([note, { type: 'text', text: 'hi [[tokens=5]]' }], { stream: false, tools: [weather] }),
      ),
    );
    equal(at(answer, 'usage.output_tokens'), 5);
  });

  it('echoes the text of the user without directives', () => {
    const body = ask('Grüße [[gap=1ms]]\n  from here  ', { model: 'sim-echo', stream: false });
    equal(at(bodyOf(plan(body)), 'content.0.text'), 'Grüße \n  from here');
  });

  it('answers with JSON of the asked schema', () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
    const body = ask('x', {
      stream: false,
      output_config: { format: { type: 'json_schema', schema } },
    });
    deepEqual(JSON.parse(String(at(bodyOf(plan(body)), 'content.0.text'))), { ok: true });
  });

  it('ends with an error event where it was asked to', () => {
    const events = eventsOf(plan(ask('[[error@4]]')));
    equal(shape(events), 'message_start start:text ping text_delta error');
    equal(events.filter(({ name }) => name === 'content_block_delta').length, 4);
    equal(at(events.at(-1)?.data, 'error.type'), 'overloaded_error');
  });

  it('ends cleanly but unfinished, or breaks, where it was asked to', () => {
    const stopped = plan(ask('[[stop@4]]'));
    equal(stopped.ending, 'end');
    equal(shape(eventsOf(stopped)), 'message_start start:text ping text_delta');
    equal(plan(ask('[[cut@4]]')).ending, 'cut');
  });

  it('carries the headers of the service, and none of the framing', () => {
    const known = new Map(plan(ask('x')).headers);
    match(known.get('request-id') ?? '', /^req_01\w{22}$/);
    match(known.get('anthropic-ratelimit-tokens-reset') ?? '', /^2026-11-20T\d\d:\d\d:\d\dZ$/);
    equal(known.get('content-type'), 'text/event-stream; charset=utf-8');
    ok(!known.has('content-length') && !known.has('transfer-encoding'));
  });
});

describe('anthropic refusals of the simulator', () => {
  const cases: readonly (readonly [string, object, string])[] = [
    ['a missing model', { max_tokens: 1, messages: [user('x')] }, 'model: Field required'],
    ['a missing max_tokens', { model: 'm', messages: [user('x')] }, 'max_tokens: Field required'],
    ['missing messages', { model: 'm', max_tokens: 1 }, 'messages: Field required'],
    [
      'no message',
      { model: 'm', max_tokens: 1, messages: [] },
      'messages: at least one message is required',
    ],
  ];
  for (const [what, body, message] of cases) {
    it(`refuses ${what}`, () => {
      const refused = plan(body);
      equal(refused.status, 400);
      const value = bodyOf(refused);
      equal(at(value, 'type'), 'error');
      deepEqual(at(value, 'error'), { type: 'invalid_request_error', message });
      equal(at(value, 'request_id'), new Map(refused.headers).get('request-id'));
    });
  }

  it('refuses a tool result that answers no call', () => {
    const stray = { type: 'tool_result', tool_use_id: 'toolu_x', content: '' };
    const refused = plan(ask([stray]));
    equal(refused.status, 400);
    match(textAt(bodyOf(refused), 'error.message'), /unexpected `tool_use_id`.*toolu_x/);
  });

  it('keeps no threads, and says so in the way that makes clients send everything', () => {
    const thread = { type: 'continue', previous_message_id: 'msg_1' };
    const refused = plan(ask('x', { thread }));
    equal(refused.status, 404);
    equal(at(bodyOf(refused), 'error.details.error_code'), 'thread_not_found');
  });

  it('refuses with the status that was asked for', () => {
    const refused = plan(ask('[[status=529]] [[retry-after=3]]'));
    equal(refused.status, 529);
    equal(at(bodyOf(refused), 'error.type'), 'overloaded_error');
    equal(new Map(refused.headers).get('retry-after'), '3');
  });

  it('does not know a simulated model that is not in its list', () => {
    const refused = plan(ask('x', { model: 'sim-none' }));
    equal(refused.status, 404);
    equal(at(bodyOf(refused), 'error.type'), 'not_found_error');
  });
});
