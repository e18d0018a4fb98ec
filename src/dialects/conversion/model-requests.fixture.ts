// Random requests in the middle form, restricted to what a format can hold, so that writing and
// reading them again must give the same.

import fc from 'fast-check';
import type { Format } from './requests.fixture.ts';
import type {
  AssistantPart,
  GivenPart,
  ModelRequest,
  TextPart,
  ToolCallPart,
  ToolDefinition,
  ToolResultPart,
  Turn,
  UserPart,
} from './model-request.ts';
import { freeTextSchema } from './decode-openai-tools.ts';
import { effortScale } from './thinking-effort.ts';

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

/** Text that no format may drop. */
const words = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 12 })
  .filter((text) => text.trim() !== '');
const word = fc.stringMatching(/^[\w-]{1,20}$/);
const base64 = fc.base64String({ maxLength: 16 });
const textPart: fc.Arbitrary<TextPart> = words.map((text) => ({ kind: 'text', text }));

const url = fc.webUrl().map((address) => ({ kind: 'url' as const, url: address }));
const bytes = (mediaType: string) =>
  base64.map((data) => ({ kind: 'base64' as const, mediaType, data }));
const image: fc.Arbitrary<GivenPart> = fc
  .oneof(bytes('image/png'), bytes('image/webp'), url)
  .map((source) => ({ kind: 'image', source }));
const file: fc.Arbitrary<GivenPart> = fc
  .tuple(bytes('application/pdf'), words)
  .map(([source, fileName]) => ({ kind: 'document', source, fileName }));
const fileByUrl: fc.Arbitrary<GivenPart> = url.map((source) => ({
  kind: 'document',
  source,
  fileName: undefined,
}));

const jsonObject = fc
  .dictionary(word, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })
  // JSON has no negative zero.
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);
const schema = jsonObject.map((more) => ({ ...more, type: 'object' }));

/** What a user says in one turn. Text alone is one text in Chat, which has it as a string. */
const given = (format: Format | 'common'): fc.Arbitrary<GivenPart[]> => {
  const media = format === 'chat' || format === 'common' ? [image, file] : [image, file, fileByUrl];
  const mixed = fc
    .tuple(
      fc.array(textPart, { maxLength: 2 }),
      fc.oneof(...media),
      fc.array(textPart, { maxLength: 2 }),
    )
    .map(([before, medium, after]) => [...before, medium, ...after]);
  const plain = fc.array(textPart, {
    minLength: 1,
    maxLength: format === 'anthropic' || format === 'responses' ? 3 : 1,
  });
  return fc.oneof(plain, mixed);
};

/** What a tool gave: text in Chat, anything else elsewhere. */
const resultContent = (format: Format | 'common'): fc.Arbitrary<GivenPart[]> => {
  const plain = fc.array(textPart, { maxLength: 1 });
  if (format === 'chat' || format === 'common') return plain;
  const mixed = fc
    .tuple(image, fc.array(textPart, { maxLength: 2 }))
    .map(([medium, texts]) => [medium, ...texts]);
  return fc.oneof(plain, mixed);
};

interface Round {
  readonly user: readonly GivenPart[];
  readonly reasoning: { text: string; signature: string } | undefined;
  readonly texts: readonly TextPart[];
  readonly calls: readonly { tool: number; input: string; result: GivenPart[]; failed: boolean }[];
  readonly callsFirst: boolean;
  readonly system: string | undefined;
}

const round = (format: Format | 'common'): fc.Arbitrary<Round> =>
  fc.record({
    user: given(format),
    reasoning:
      format === 'anthropic'
        ? maybe(fc.record({ text: words, signature: words }))
        : fc.constant(undefined),
    texts: fc.array(textPart, { minLength: 1, maxLength: format === 'anthropic' ? 2 : 1 }),
    calls: fc.array(
      fc.record({
        tool: fc.nat(),
        input: jsonObject.map((value) => JSON.stringify(value)),
        result: resultContent(format),
        failed: format === 'anthropic' ? fc.boolean() : fc.constant(false),
      }),
      { maxLength: 3 },
    ),
    callsFirst:
      format === 'anthropic' || format === 'responses' ? fc.boolean() : fc.constant(false),
    system: maybe(words),
  });

const tool = (format: Format | 'common'): fc.Arbitrary<ToolDefinition> => {
  const named = fc.record({ name: word, description: maybe(words) });
  const strict =
    format === 'anthropic'
      ? fc.constantFrom(true, undefined)
      : fc.constantFrom(true, false, ...(format === 'chat' ? [undefined] : []));
  const usual = fc
    .record({ named, schema, strict: format === 'common' ? fc.constant(true) : strict })
    .map(({ named: who, ...rest }) => ({ ...who, ...rest, freeText: false }));
  if (format !== 'responses') return usual;
  const grammar = fc.record({ syntax: fc.constantFrom('lark', 'regex'), definition: words });
  const free = fc
    .record({ named, grammar: maybe(grammar) })
    .map(({ named: who, grammar: rule }) => ({
      ...who,
      schema: freeTextSchema,
      strict: undefined,
      freeText: true,
      ...(rule && { grammar: rule }),
    }));
  return fc.oneof(usual, free);
};

function turnsOf(
  opening: string | undefined,
  rounds: readonly Round[],
  ending: readonly GivenPart[],
  tools: readonly ToolDefinition[],
): Turn[] {
  const turns: Turn[] = [];
  const system = (text: string): Turn => ({ role: 'system', parts: [{ kind: 'text', text }] });
  if (opening !== undefined) turns.push(system(opening));
  let results: ToolResultPart[] = [];
  rounds.forEach((each, at) => {
    turns.push({ role: 'user', parts: [...results, ...each.user] });
    if (each.system !== undefined) turns.push(system(each.system));
    const calls: ToolCallPart[] = each.calls.map(({ tool: place, input }, index) => {
      const named = tools[place % Math.max(tools.length, 1)];
      const argumentsJson = named?.freeText === true ? JSON.stringify({ input }) : input;
      return {
        kind: 'tool-call',
        id: `call_${at}_${index}`,
        name: named?.name ?? 'f',
        argumentsJson,
      };
    });
    results = each.calls.map(({ result: content, failed }, index) => ({
      kind: 'tool-result',
      id: `call_${at}_${index}`,
      content,
      isError: failed,
    }));
    const parts: AssistantPart[] = each.callsFirst
      ? [...calls, ...each.texts]
      : [...each.texts, ...calls];
    if (each.reasoning !== undefined) parts.unshift({ kind: 'reasoning', ...each.reasoning });
    turns.push({ role: 'assistant', parts });
  });
  turns.push({ role: 'user', parts: [...results, ...ending] });
  return turns;
}

/** Requests that a format, or all of them (`common`), can hold whole. */
export function heldBy(format: Format | 'common'): fc.Arbitrary<ModelRequest> {
  const isChat = format === 'chat';
  const fromAnthropic = format === 'anthropic' || format === 'common';
  const never = fc.constant(undefined);
  const named = fromAnthropic ? fc.constant('response') : word;
  const jsonSchema = fc.record({
    kind: fc.constant('json-schema' as const),
    name: named,
    schema,
    strict: fromAnthropic ? never : fc.constantFrom(true, false, undefined),
  });
  const fields = fc.record({
    opening: maybe(words),
    rounds: fc.array(round(format), { maxLength: 4 }),
    ending: given(format),
    tools: fc.uniqueArray(tool(format), { maxLength: 3, selector: ({ name }) => name }),
    choice: fc.constantFrom(undefined, 'auto', 'any', 'none', 'tool'),
    single: fc.boolean(),
    maxTokens: fromAnthropic ? fc.integer({ min: 16 }) : maybe(fc.integer({ min: 16 })),
    temperature: maybe(fc.double({ min: 0, max: fromAnthropic ? 1 : 2, noNaN: true })),
    topP: maybe(fc.double({ min: 0, max: 1, noNaN: true })),
    topK: format === 'anthropic' ? maybe(fc.nat()) : never,
    stop: format === 'anthropic' || isChat ? fc.array(words, { maxLength: 4 }) : fc.constant([]),
    effort: maybe(
      fc.constantFrom(...effortScale.filter((word) => !fromAnthropic || word !== 'minimal')),
    ),
    wantsReasoning: isChat || format === 'common' ? fc.constant(false) : fc.boolean(),
    format: maybe(
      fromAnthropic
        ? jsonSchema
        : fc.oneof(jsonSchema, fc.constant({ kind: 'json-object' as const })),
    ),
    user: format === 'common' ? never : maybe(words),
    stream: fc.boolean(),
  });
  return fields.map(({ opening, rounds, ending, choice, single, ...rest }) => {
    const { tools } = rest;
    const thinks = rest.effort !== undefined && rest.effort !== 'none';
    const forced = choice === 'any' || choice === 'tool';
    const usable = tools.length > 0 && !(fromAnthropic && thinks && forced);
    const toolChoice = usable ? choiceOf(choice, tools) : undefined;
    const lone = single && usable && (isChat || (toolChoice && toolChoice.kind !== 'none'));
    const quiet = fromAnthropic && thinks;
    return structuredClone({
      ...rest,
      model: 'm',
      turns: turnsOf(opening, rounds, ending, tools),
      toolChoice,
      parallelTools: lone ? false : undefined,
      // Anthropic takes one of the two, and neither beside thinking.
      temperature: quiet ? undefined : rest.temperature,
      topP: quiet || (fromAnthropic && rest.temperature !== undefined) ? undefined : rest.topP,
      topK: quiet ? undefined : rest.topK,
      // Thoughts without an effort come back as the effort that Anthropic then makes.
      wantsReasoning: rest.wantsReasoning && (thinks || format === 'responses'),
      includeUsage: isChat && rest.stream,
    });
  });
}

function choiceOf(
  kind: 'auto' | 'any' | 'none' | 'tool' | undefined,
  tools: readonly ToolDefinition[],
): ModelRequest['toolChoice'] {
  if (kind === undefined) return undefined;
  return kind === 'tool' ? { kind, name: tools[0]?.name ?? '' } : { kind };
}

/** The request with neighbours of equal roles as one turn: formats cut turns differently. */
export function merged(request: ModelRequest): ModelRequest {
  const turns: Turn[] = [];
  for (const turn of request.turns) {
    const last = turns.at(-1);
    if (last?.role === turn.role) {
      turns[turns.length - 1] = { ...last, parts: [...last.parts, ...turn.parts] } as Turn;
    } else turns.push(turn);
  }
  return { ...request, turns };
}

const id = fc.constantFrom('a', 'b', 'c:1', 'c_1', '');
const blankOrWords = fc.constantFrom('', ' ', 'x', 'y\n');
const messyText: fc.Arbitrary<TextPart> = blankOrWords.map((text) => ({ kind: 'text', text }));
const messyUser: fc.Arbitrary<UserPart> = fc.oneof(
  messyText,
  image,
  fc.record({
    kind: fc.constant('tool-result' as const),
    id,
    content: fc.array(fc.oneof(messyText, image), { maxLength: 2 }),
    isError: fc.boolean(),
  }),
);
const messyAnswer: fc.Arbitrary<AssistantPart> = fc.oneof(
  messyText,
  fc.record({
    kind: fc.constant('tool-call' as const),
    id,
    name: fc.constantFrom('f', 'ö', 'n'.repeat(200)),
    argumentsJson: fc.constantFrom('', '{}', '{"a":1}', '[', 'null'),
  }),
  fc.record({ kind: fc.constant('reasoning' as const), text: words, signature: maybe(words) }),
);

/** Conversations as they come from clients that cut, reorder and repeat. */
export const messyTurns: fc.Arbitrary<Turn[]> = fc.array(
  fc.oneof(
    fc.record({
      role: fc.constant('system' as const),
      parts: fc.array(messyText, { maxLength: 2 }),
    }),
    fc.record({ role: fc.constant('user' as const), parts: fc.array(messyUser, { maxLength: 3 }) }),
    fc.record({
      role: fc.constant('assistant' as const),
      parts: fc.array(messyAnswer, { maxLength: 3 }),
    }),
  ),
  { maxLength: 8 },
);
