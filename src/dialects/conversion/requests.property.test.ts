import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isProblem, type ModelRequest } from './model-request.ts';
import { heldBy, merged, messyTurns } from './model-requests.fixture.ts';
import {
  claudeCodeBody,
  codexBody,
  conversation,
  decoders,
  encoders,
  formats,
  roomy,
  whole,
  type Body,
  type Format,
} from './requests.fixture.ts';
import { hashedUser } from './request-writing.ts';

const written = (format: Format, request: ModelRequest): Body =>
  JSON.parse(whole(encoders[format](request, roomy)).body);
const readAgain = (format: Format, request: ModelRequest): ModelRequest =>
  whole(decoders[format](written(format, request))).request;

describe('a request that a format can hold', () => {
  for (const format of formats) {
    it(`is the same after writing and reading it as ${format}`, () => {
      fc.assert(
        fc.property(heldBy(format), (request) => {
          const encoded = whole(encoders[format](request, roomy));
          const { request: read, dropped } = whole(
            decoders[format](JSON.parse(encoded.body) as unknown),
          );
          const { user } = request;
          const expected = { ...request, user: user === undefined ? user : hashedUser(user) };
          assert.deepEqual(merged(read), merged(expected));
          assert.deepEqual([...encoded.dropped, ...dropped], []);
        }),
        { numRuns: 300 },
      );
    });
  }
});

describe('a request that two formats can hold', () => {
  for (const first of formats) {
    for (const second of formats) {
      if (first === second) continue;
      it(`is the same after going from ${first} to ${second} and back`, () => {
        fc.assert(
          fc.property(heldBy('common'), (request) => {
            const there = readAgain(first, request);
            const back = readAgain(first, readAgain(second, there));
            assert.deepEqual(merged(back), merged(there));
            assert.deepEqual(merged({ ...back, includeUsage: false }), merged(request));
          }),
          { numRuns: 150 },
        );
      });
    }
  }
});

const messy = (turns: ModelRequest['turns']): ModelRequest => ({
  ...whole(decoders.responses({ model: 'm', input: 'x' })).request,
  turns,
});

describe('a conversation out of order', () => {
  it('becomes one that Anthropic accepts', () => {
    fc.assert(
      fc.property(messyTurns, fc.boolean(), (turns, laterSystem) => {
        const encoded = whole(encoders.anthropic(messy(turns), { ...roomy, laterSystem }));
        const { messages, system = [] } = JSON.parse(encoded.body);
        assert.equal(messages[0].role, 'user');
        const ids = new Set<string>();
        for (const block of system) assert.notEqual(block.text.trim(), '');
        messages.forEach((message: Body, at: number) => {
          assert.ok(message.content.length > 0);
          assert.notEqual(message.role, messages[at - 1]?.role);
          const called: string[] = [];
          for (const block of message.content) {
            if (block.type === 'text') assert.notEqual(block.text.trim(), '');
            if (block.type !== 'tool_use') continue;
            assert.match(block.id, /^[\w-]+$/);
            assert.match(block.name, /^[\w-]{1,128}$/);
            assert.equal(ids.has(block.id), false);
            ids.add(block.id);
            called.push(block.id);
          }
          const next = messages[at + 1]?.content ?? [];
          const answered = next.filter((block: Body) => block.type === 'tool_result');
          if (message.role !== 'assistant') return;
          assert.deepEqual(
            answered.map((block: Body) => block.tool_use_id),
            called,
          );
          assert.deepEqual(next.slice(0, called.length), answered);
        });
        const results = messages.flatMap((message: Body) =>
          message.content.filter((block: Body) => block.type === 'tool_result'),
        );
        assert.equal(results.length, ids.size);
      }),
      { numRuns: 500 },
    );
  });

  it('becomes one that Chat accepts', () => {
    fc.assert(
      fc.property(messyTurns, fc.boolean(), (turns, laterSystem) => {
        const encoded = whole(encoders.chat(messy(turns), { ...roomy, laterSystem }));
        const { messages } = JSON.parse(encoded.body);
        let open: string[] = [];
        messages.forEach((message: Body, at: number) => {
          if (message.role === 'tool') {
            assert.equal(message.tool_call_id, open.shift());
            assert.equal(typeof message.content, 'string');
            return;
          }
          assert.deepEqual(open, []);
          if (message.role === 'system' && !laterSystem) assert.equal(at, 0);
          if (message.role !== 'assistant') assert.notEqual(message.content.length, 0);
          else if (message.tool_calls === undefined) assert.notEqual(message.content, '');
          else {
            open = message.tool_calls.map((call: Body) => call.id);
            assert.ok(open.every((id) => /^[\w-]{1,40}$/.test(id)));
            for (const call of message.tool_calls) {
              assert.match(call.function.name, /^[\w-]{1,64}$/);
            }
          }
        });
        assert.deepEqual(open, []);
      }),
      { numRuns: 500 },
    );
  });

  it('becomes one that Responses accepts', () => {
    fc.assert(
      fc.property(messyTurns, (turns) => {
        const { input } = written('responses', messy(turns));
        const open = new Set<string>();
        for (const item of input) {
          if (item.type === 'function_call') open.add(item.call_id);
          else if (item.type === 'function_call_output') assert.ok(open.delete(item.call_id));
        }
        assert.equal(open.size, 0);
      }),
      { numRuns: 300 },
    );
  });
});

/** Every place in a JSON value, as the keys that lead there. */
function places(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  const below = Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]));
  return path.length === 0 ? below : [[...path], ...below];
}

function withChange(body: unknown, path: readonly string[], value: unknown): unknown {
  const changed = structuredClone(body) as Body;
  let at = changed;
  for (const key of path.slice(0, -1)) at = at[key];
  at[path.at(-1) ?? ''] = value;
  return changed;
}

const samples: readonly (readonly [string, Format, object])[] = [
  ...formats.map(
    (format) => [`a conversation of ${format}`, format, conversation[format]] as const,
  ),
  ['a request of Claude Code', 'anthropic', claudeCodeBody()],
  ['a request of Codex', 'responses', codexBody()],
];

const strange = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    undefined,
    '',
    'constructor',
    '__proto__',
    'custom',
    'function',
    'document',
    'data:x',
    -1,
    1e300,
    [],
    {},
    [null],
    [[]],
    { type: 'text' },
    { type: 'custom' },
    { type: 'input_file' },
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

function neverThrows(format: Format, body: unknown): void {
  const decoded = decoders[format](body);
  if (isProblem(decoded)) {
    assert.equal(decoded.status, 400);
    assert.notEqual(decoded.message, '');
    return;
  }
  for (const name of decoded.dropped) assert.match(name, /^[\w.-]+$/);
  for (const to of formats) {
    const encoded = encoders[to](decoded.request, roomy);
    if (!isProblem(encoded)) JSON.parse(encoded.body);
  }
}

describe('any JSON', () => {
  it('is read or refused, and never throws', () => {
    fc.assert(fc.property(fc.constantFrom(...formats), fc.jsonValue(), neverThrows), {
      numRuns: 300,
    });
  });

  for (const [name, format, sample] of samples) {
    it(`close to ${name} is read or refused`, () => {
      const all = places(sample);
      const change = fc.tuple(fc.constantFrom(...all), strange);
      fc.assert(
        fc.property(change, change, ([path, value], [otherPath, other]) => {
          const once = withChange(sample, path, value);
          let twice = once;
          try {
            twice = withChange(once, otherPath, other);
          } catch {
            // The second place is gone with the first.
          }
          neverThrows(format, twice);
        }),
        { numRuns: 1000 },
      );
    });
  }

  it('nested deeper than the stack is refused or passed on', () => {
    const deep = JSON.parse('{"a":'.repeat(200_000) + '1' + '}'.repeat(200_000)) as unknown;
    const deepList = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000)) as unknown;
    for (const value of [deep, deepList]) {
      neverThrows('anthropic', {
        model: 'm',
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: value }] },
        ],
        tools: [{ name: 'f', input_schema: value }],
      });
      neverThrows('chat', {
        model: 'm',
        messages: [{ role: 'user', content: value }],
        tools: [{ type: 'function', function: { name: 'f', parameters: { a: value } } }],
      });
    }
  });
});
