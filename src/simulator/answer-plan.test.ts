import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { HeaderList } from '../core/header-list.ts';
import { seededRandom } from '../core/random.ts';
import { openAnswer, planAnswer } from './answer-plan.ts';
import type { AnswerPlan } from './answer-plan.ts';
import { at, bodyOf, eventsOf } from './plan-events.ts';
import { simModels } from './sim-models.ts';

const anthropic = HeaderList.of([['anthropic-version', '2023-06-01']]);
const PATHS = [
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/responses/input_tokens',
  '/v1/embeddings',
];

function plan(method: string, path: string, headers = HeaderList.empty, body = ''): AnswerPlan {
  return planAnswer({ method, path, headers, body }, seededRandom(1));
}

function messages(text: string, model = 'sim-chat', stream = true): AnswerPlan {
  const body = JSON.stringify({
    model,
    max_tokens: 10_000,
    stream,
    messages: [{ role: 'user', content: text }],
  });
  return plan('POST', '/v1/messages', anthropic, body);
}

function totalMs(answer: AnswerPlan): number {
  return answer.steps.reduce((sum, step) => sum + step.afterMs, 0);
}

describe('models of the simulator', () => {
  it('are listed in the form of the vendor that the caller speaks', () => {
    const theirs = bodyOf(plan('GET', '/v1/models?limit=1000', anthropic));
    equal(at(theirs, 'data.0.type'), 'model');
    equal(at(theirs, 'has_more'), false);
    const others = bodyOf(plan('GET', '/v1/models'));
    equal(at(others, 'object'), 'list');
    const ids = (at(others, 'data') as { id: string }[]).map((model) => model.id);
    deepEqual(
      ids,
      simModels.map((model) => model.id),
    );
  });

  it('are shown one by one, and unknown ones are not found', () => {
    equal(at(bodyOf(plan('GET', '/v1/models/sim-chat', anthropic)), 'id'), 'sim-chat');
    const unknown = plan('GET', '/v1/models/sim-none');
    equal(unknown.status, 404);
    equal(at(bodyOf(unknown), 'error.code'), 'model_not_found');
  });
});

describe('refusals of the simulator', () => {
  it('answer unknown paths in the dialect of the caller', () => {
    const theirs = plan('POST', '/v1/nowhere', anthropic, '{}');
    equal(theirs.status, 404);
    equal(at(bodyOf(theirs), 'error.type'), 'not_found_error');
    const others = plan('POST', '/v1/nowhere', HeaderList.empty, '{}');
    equal(others.status, 404);
    equal(at(bodyOf(others), 'error.message'), 'Invalid URL (POST /v1/nowhere)');
  });

  it('keep the dialect of the path, whatever headers come along', () => {
    const refused = plan('POST', '/v1/chat/completions', anthropic, '{}');
    equal(at(bodyOf(refused), 'error.param'), 'model');
  });

  it('answer a wrong method with 405 and bad JSON with 400', () => {
    for (const path of PATHS) {
      equal(plan('GET', path).status, 405, path);
      for (const body of ['', '{', '[]', '3', '"text"']) {
        equal(plan('POST', path, HeaderList.empty, body).status, 400, `${path} ${body}`);
      }
    }
    equal(plan('DELETE', '/v1/models').status, 405);
  });

  it('answer bottomless JSON with 400 instead of running out of stack', () => {
    const nest = '['.repeat(50_000) + ']'.repeat(50_000);
    const deep = `{"model":"m","max_tokens":1,"input":1,"messages":${nest}}`;
    for (const path of PATHS) equal(plan('POST', path, HeaderList.empty, deep).status, 400, path);
  });

  it('name a directive that makes no sense', () => {
    const refused = messages('[[tokens=many]]');
    equal(refused.status, 400);
    equal(at(bodyOf(refused), 'error.message'), 'The directive [[tokens=many]] makes no sense.');
  });
});

describe('pacing of the simulator', () => {
  it('waits for nothing in sim-fast', () => {
    equal(totalMs(messages('hello', 'sim-fast')), 0);
  });

  it('comes to the first token of sim-chat in about 400 ms, then 25 ms a token', () => {
    const answer = messages('[[tokens=200]]');
    const first = answer.steps.findIndex((step) => step.bytes.includes('text_delta'));
    const untilFirst = answer.steps
      .slice(0, first + 1)
      .reduce((sum, step) => sum + step.afterMs, 0);
    ok(untilFirst >= 300 && untilFirst <= 500, `${untilFirst} ms`);
    const perToken = (totalMs(answer) - untilFirst) / 199;
    ok(perToken > 23 && perToken < 27, `${perToken} ms`);
    const gaps = new Set(answer.steps.map((step) => step.afterMs));
    ok(gaps.size > 100, 'waits differ');
  });

  it('is silent for eight seconds before the head of sim-slow', () => {
    equal(messages('hello', 'sim-slow').steps[0]?.afterMs, 8000);
  });

  it('takes minutes over sim-long', () => {
    const ms = totalMs(messages('hello', 'sim-long'));
    ok(ms > 170_000 && ms < 190_000, `${ms} ms`);
  });

  it('follows the directives', () => {
    const answer = messages('[[head=2s]] [[first=3s]] [[gap=10ms]] [[jitter=0]] [[tokens=4]]');
    deepEqual(
      answer.steps.map((step) => step.afterMs).filter((ms) => ms > 0),
      [2000, 3000, 10, 10, 10],
    );
  });

  it('pings through a silence, and keeps the silence as long as it was', () => {
    const answer = messages('[[first=35s]] [[jitter=0]] [[tokens=1]] [[pings=10s]]');
    const pings = eventsOf(answer).filter((event) => event.name === 'ping');
    equal(pings.length, 4, 'the usual one and three in the silence');
    equal(totalMs(answer), 250 + 35_000);
  });

  it('is silent in a stall, pings included', () => {
    const answer = messages('[[stall@2=90s]] [[tokens=5]] [[jitter=0]]');
    ok(answer.steps.some((step) => step.afterMs === 90_025));
    equal(eventsOf(answer).filter((event) => event.name === 'ping').length, 1);
  });

  it('takes as long over a whole body as over its stream', () => {
    const text = '[[tokens=41]] [[jitter=0]]';
    equal(totalMs(messages(text, 'sim-chat', false)), totalMs(messages(text)));
  });

  it('lets a fault strike as often as the odds say', () => {
    let struck = 0;
    const random = seededRandom(5);
    const said = [{ role: 'user', content: '[[status=503]] [[odds=0.3]]' }];
    const body = JSON.stringify({ model: 'sim-fast', max_tokens: 9, messages: said });
    const request = { method: 'POST', path: '/v1/messages', headers: anthropic, body };
    for (let call = 0; call < 400; call += 1) {
      if (planAnswer(request, random).status === 503) struck += 1;
    }
    ok(struck > 90 && struck < 150, `${struck} of 400`);
  });
});

describe('an answer plan', () => {
  it('is the same for the same seed and differs for another', () => {
    const body = JSON.stringify({ model: 'sim-chat', input: 'hello', stream: true });
    const request = { method: 'POST', path: '/v1/responses', headers: HeaderList.empty, body };
    deepEqual(planAnswer(request, seededRandom(3)), planAnswer(request, seededRandom(3)));
    const ids = [3, 4].map((seed) => planAnswer(request, seededRandom(seed)).steps[0]?.bytes);
    ok(ids[0] !== ids[1]);
  });

  it('does not depend on other answers that are made in between', () => {
    const body = JSON.stringify({ model: 'sim-chat', input: '[[tokens=9]]', stream: true });
    const request = { method: 'POST', path: '/v1/responses', headers: HeaderList.empty, body };
    const random = seededRandom(3);
    const first = openAnswer(request, random, 0).steps[Symbol.iterator]();
    const opened = first.next();
    const second = [...openAnswer(request, random, 0).steps];
    const again = seededRandom(3);
    deepEqual(
      [opened.value, ...{ [Symbol.iterator]: () => first }],
      [...openAnswer(request, again, 0).steps],
    );
    deepEqual(second, [...openAnswer(request, again, 0).steps]);
  });

  it('is well-formed for any body, however odd', () => {
    const word = fc.constantFrom(
      'user',
      'tool',
      'hi',
      '[[tool]]',
      '[[error@1]]',
      'x'.repeat(9),
      'é\u{1f980}',
    );
    const odd = fc.jsonValue({ maxDepth: 3 });
    const part = fc.record(
      {
        type: fc.constantFrom('text', 'tool_result', 'tool_use'),
        text: fc.oneof(word, odd),
        content: odd,
      },
      { requiredKeys: [] },
    );
    const message = fc.record(
      {
        role: fc.oneof(word, odd),
        type: fc.oneof(word, odd),
        content: fc.oneof(word, fc.array(part), odd),
        output: odd,
      },
      { requiredKeys: [] },
    );
    const list = fc.oneof(fc.array(message, { maxLength: 4 }), odd);
    const schema = fc.oneof(odd, fc.record({ type: word, properties: odd, required: odd }));
    const tool = fc.record(
      {
        type: fc.constantFrom('function', 'custom'),
        name: word,
        input_schema: schema,
        parameters: schema,
        function: odd,
      },
      { requiredKeys: [] },
    );
    const body = fc.record(
      {
        model: fc.oneof(fc.constantFrom('sim-fast', 'sim-tools', 'sim-echo', 'other'), odd),
        max_tokens: fc.oneof(fc.nat(60), odd),
        stream: fc.oneof(fc.boolean(), odd),
        messages: list,
        input: fc.oneof(list, word),
        tools: fc.oneof(fc.array(tool, { maxLength: 3 }), odd),
        tool_choice: fc.oneof(fc.constantFrom('required', 'auto'), odd),
        thinking: odd,
        n: fc.oneof(fc.constantFrom(1, 2), odd),
        reasoning: odd,
        text: odd,
      },
      { requiredKeys: ['model'] },
    );
    fc.assert(
      fc.property(fc.constantFrom(...PATHS), body, (path, value) => {
        const answer = plan('POST', path, HeaderList.empty, JSON.stringify(value));
        const { status } = answer;
        const failing = JSON.stringify(value).includes('error@1');
        ok([200, 400, 404].includes(status) || (failing && status >= 500), `${status}`);
        HeaderList.of(answer.headers);
        if (answer.streamed) eventsOf(answer);
        else bodyOf(answer);
      }),
      { numRuns: 1000 },
    );
  });
});
