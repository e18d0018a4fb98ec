import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import fc from 'fast-check';
import { askedFor } from './asked-for.ts';
import { isDataUrl, sourceOfUrl, urlOfSource } from './data-url.ts';
import { decodeAnthropicRequest } from './decode-anthropic-request.ts';
import { decodeResponsesRequest } from './decode-responses-request.ts';
import { encodeChatRequest } from './encode-chat-request.ts';
import { estimateTokens } from './estimate-tokens.ts';
import { parseExact, printJson } from './exact-json.ts';
import { Reading } from './request-reading.ts';
import { hashedUser } from './request-writing.ts';
import { claudeCodeBody, codexBody, roomy, whole } from './requests.fixture.ts';
import { budgetOf, effortOfBudget, effortScale, nearestEffort } from './thinking-effort.ts';
import { legalName, ToolNames } from './tool-names.ts';
import { planTurns } from './turn-plan.ts';

describe('names of tools', () => {
  it('stay as they are when they are legal', () => {
    const names = new ToolNames(64);
    for (const name of ['Bash', 'mcp__a-b__C_1', 'n'.repeat(64)]) {
      assert.equal(names.wire(name), name);
    }
    assert.equal(names.back.size, 0);
  });

  it('keep their beginning, are the same each time and lead back', () => {
    const name = `mcp__docs__${'x'.repeat(100)}`;
    const names = new ToolNames(64);
    const wire = names.wire(name);
    assert.match(wire, /^mcp__docs__x{40}_[0-9a-f]{12}$/);
    assert.equal(names.wire(name), wire);
    assert.equal(new ToolNames(64).wire(name), wire);
    assert.deepEqual([...names.back], [[wire, name]]);
  });

  it('of any spelling are legal, and unlike for unlike names', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 150 }), { maxLength: 20 }),
        (all) => {
          const wires = all.map((name) => legalName(name, 64));
          for (const wire of wires) assert.match(wire, /^[\w-]{1,64}$/);
          assert.equal(new Set(wires).size, all.length);
        },
      ),
    );
    assert.notEqual(legalName('\ud800', 64), legalName('\ud801', 64));
  });
});

describe('ids of calls', () => {
  it('become unlike at a cost that does not grow with each that was alike', () => {
    const call = { kind: 'tool-call', id: 'a', name: 'f', argumentsJson: '' } as const;
    const parts = Array.from({ length: 200 }, () => call);
    const looks = mock.method(Set.prototype, 'has');
    const [turn] = planTurns([{ role: 'assistant', parts }], 64);
    const { length } = looks.mock.calls;
    looks.mock.restore();
    assert.ok(turn?.role === 'assistant');
    const ids = turn.calls.map(({ id }) => id);
    assert.deepEqual(ids.slice(0, 3), ['a', 'a_2', 'a_3']);
    assert.equal(new Set(ids).size, parts.length);
    assert.ok(length < 3 * parts.length, `${length}`);
  });
});

describe('JSON that keeps its numbers', () => {
  const kept = [
    '{"id":12345678901234567890}',
    '[0.12345678901234567,-98765432109876543210]',
    '{"a":"12345678901234567890","b":[1,2.5,null,true]}',
    '{"__proto__":{"a":12345678901234567890}}',
  ];
  for (const text of kept) {
    it(`prints ${text} as it was`, () => {
      assert.equal(printJson(parseExact(text)), text);
    });
  }

  it('gives undefined for a text that is none, and for what cannot be printed', () => {
    assert.equal(parseExact('{"a":'), undefined);
    assert.equal(parseExact(`${'['.repeat(200_000)}12345678901234567890`), undefined);
    assert.equal(printJson(undefined), undefined);
    const circle: unknown[] = [];
    circle.push(circle);
    assert.equal(printJson(circle), undefined);
  });

  it('reads what JSON reads', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.equal(printJson(parseExact(text)), JSON.stringify(JSON.parse(text)));
      }),
    );
  });
});

describe('the scale of effort', () => {
  const rows: readonly (readonly [string, readonly string[], string | undefined])[] = [
    ['xhigh', ['low', 'medium', 'high'], 'high'],
    ['minimal', ['low', 'high'], 'low'],
    ['medium', ['low', 'high'], 'low'],
    ['minimal', ['none', 'medium'], 'medium'],
    ['none', ['low'], undefined],
    ['none', ['none', 'low'], 'none'],
    ['high', [], undefined],
    ['max', ['max'], 'max'],
  ];
  for (const [wanted, taken, expected] of rows) {
    it(`gives ${expected} for ${wanted} where there is ${taken.join(', ')}`, () => {
      assert.equal(nearestEffort(wanted as 'low', taken as 'low'[]), expected);
    });
  }

  it('leads from effort to budget and back', () => {
    for (const effort of effortScale.slice(1)) {
      assert.equal(effortOfBudget(budgetOf(effort)), effort);
    }
    assert.equal(effortOfBudget(1_000_000), 'max');
  });
});

describe('data urls', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['https://a/b,c', { kind: 'url', url: 'https://a/b,c' }],
    ['data:image/png;base64,AA', { kind: 'base64', mediaType: 'image/png', data: 'AA' }],
    ['DATA:image/PNG;x=y;base64,AA,B', { kind: 'base64', mediaType: 'image/png', data: 'AA,B' }],
    ['data:;base64,AA', { kind: 'base64', mediaType: 'image/jpeg', data: 'AA' }],
    ['data:text/plain,hello', undefined],
    ['data:', undefined],
    ['data:image/png;base64', undefined],
  ];
  for (const [url, source] of rows) {
    it(`reads ${url}`, () => {
      assert.deepEqual(sourceOfUrl(url, 'image/jpeg'), source);
    });
  }

  it('are written as they are read', () => {
    for (const url of ['data:a/b;base64,AA', 'https://a']) {
      const source = sourceOfUrl(url, '');
      assert.equal(source && urlOfSource(source), url);
    }
    assert.equal(isDataUrl('date:'), false);
  });
});

describe('an estimate of tokens', () => {
  const base = {
    model: 'm',
    messages: [{ role: 'user', content: 'x'.repeat(400) }],
  };
  const estimate = (more: object): number =>
    estimateTokens(whole(decodeAnthropicRequest({ ...base, ...more })).request);

  it('counts four characters a token, in every place', () => {
    assert.equal(estimate({}), 100);
    assert.equal(estimate({ system: 'y'.repeat(40) }), 110);
    const schema = { type: 'object', properties: { city: { type: 'string' } } };
    const tool = { name: 'f', description: 'z'.repeat(40), input_schema: schema };
    const exact = (JSON.stringify(schema).length + 441) / 4;
    assert.ok(Math.abs(estimate({ tools: [tool] }) - exact) < 4);
    const call = { type: 'tool_use', id: 'a', name: 'f', input: { a: 'b'.repeat(79) } };
    const result = { type: 'tool_result', tool_use_id: 'a', content: 'r'.repeat(40) };
    const messages = [
      ...base.messages,
      { role: 'assistant', content: [call] },
      { role: 'user', content: [result] },
    ];
    assert.ok(Math.abs(estimate({ messages }) - 132) < 2);
  });

  it('counts images and files by the piece', () => {
    const source = { type: 'base64', media_type: 'image/png', data: 'A'.repeat(100_000) };
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'image', source },
          { type: 'document', source },
        ],
      },
    ];
    assert.equal(estimate({ messages }), 4600);
  });

  it('is never zero', () => {
    assert.equal(estimate({ messages: [{ role: 'user', content: '' }] }), 1);
  });
});

describe('what the answer must know of its request', () => {
  it('is what the caller asked for', () => {
    const { request } = whole(decodeResponsesRequest(codexBody()));
    const asked = askedFor(request, whole(encodeChatRequest(request, roomy)));
    assert.deepEqual(
      { ...asked, estimatedInputTokens: asked.estimatedInputTokens > 10 },
      {
        model: 'gpt-5',
        stream: true,
        includeUsage: false,
        wantsReasoning: true,
        toolNames: new Map(),
        freeTextTools: new Set(['apply_patch']),
        estimatedInputTokens: true,
      },
    );
  });

  it('leads shortened names of tools back', () => {
    const { request } = whole(decodeAnthropicRequest(claudeCodeBody()));
    const asked = askedFor(request, whole(encodeChatRequest(request, roomy)));
    assert.deepEqual([...asked.toolNames.values()], [request.tools[0]?.name]);
  });
});

describe('the notes of a reading', () => {
  it('tell the first problem', () => {
    const reading = new Reading();
    reading.text(1, 'a');
    reading.text(1, 'b');
    const { request } = whole(decodeAnthropicRequest(claudeCodeBody()));
    assert.deepEqual(reading.result(request), {
      status: 400,
      message: 'a: must be a string',
      param: 'a',
      code: undefined,
    });
  });

  it('list a bounded number of names', () => {
    const reading = new Reading();
    const body: Record<string, unknown> = {};
    for (let at = 0; at < 1000; at += 1) body[`field_${at}`] = at;
    reading.dropUnknown(body, new Set(['field_0']));
    const { request } = whole(decodeAnthropicRequest(claudeCodeBody()));
    const { dropped } = whole(reading.result(request));
    assert.equal(dropped.length, 33);
    assert.ok(dropped.includes('other'));
  });
});

describe('the hash of a user', () => {
  it('is the same for the same and says nothing', () => {
    assert.equal(hashedUser('ada'), hashedUser('ada'));
    assert.notEqual(hashedUser('ada'), hashedUser('bob'));
    assert.doesNotMatch(hashedUser('ada'), /ada/);
  });
});
