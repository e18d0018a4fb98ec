// Wishes to the simulator that are written into the user's text, such as `[[tokens=200]]`. Unknown
// names are left alone, because double brackets also occur in honest texts; a known name with a
// value that makes no sense is refused, so that a typing error is not taken for a passed test.

/** One row of the help on directives. */
export interface DirectiveHelp {
  readonly form: string;
  readonly meaning: string;
  readonly example: string;
}

/** Every directive, for help texts and documentation. */
export const directiveTable: readonly DirectiveHelp[] = [
  {
    form: 'tokens=N',
    meaning: 'The answer has N tokens (0 to 100000).',
    example: '[[tokens=200]]',
  },
  { form: 'head=T', meaning: 'Silence of T before the response head.', example: '[[head=2s]]' },
  {
    form: 'first=T',
    meaning: 'Wait of T from the first event to the first token.',
    example: '[[first=2s]]',
  },
  { form: 'gap=T', meaning: 'Wait of T between tokens.', example: '[[gap=10ms]]' },
  {
    form: 'jitter=S',
    meaning: 'Waits differ by plus or minus the share S (0 to 1).',
    example: '[[jitter=0]]',
  },
  {
    form: 'pings=T|off',
    meaning: 'A ping after T of silence, where the dialect has pings.',
    example: '[[pings=5s]]',
  },
  { form: 'think[=off]', meaning: 'Thinks before it speaks, or does not.', example: '[[think]]' },
  { form: 'tool[=NAME]', meaning: 'Calls an offered tool.', example: '[[tool=get_weather]]' },
  { form: 'tools=N', meaning: 'Calls N tools at once (1 to 16).', example: '[[tools=3]]' },
  {
    form: 'rounds=N',
    meaning: 'N rounds of tool calls before the text (0 to 50).',
    example: '[[rounds=2]]',
  },
  {
    form: 'status=N',
    meaning: 'Refuses with this status (400 to 599).',
    example: '[[status=529]]',
  },
  {
    form: 'retry-after=N',
    meaning: 'With status: asks to wait N seconds.',
    example: '[[retry-after=3]]',
  },
  { form: 'error@N', meaning: 'An error event after N tokens.', example: '[[error@5]]' },
  {
    form: 'stop@N',
    meaning: 'A clean end after N tokens, without the closing events.',
    example: '[[stop@5]]',
  },
  { form: 'cut@N', meaning: 'The connection breaks after N tokens.', example: '[[cut@5]]' },
  { form: 'stall@N=T', meaning: 'Silence of T after N tokens.', example: '[[stall@5=90s]]' },
  {
    form: 'odds=P',
    meaning: 'status, error, stop, cut and stall strike with probability P.',
    example: '[[odds=0.5]]',
  },
  { form: 'seed=N', meaning: 'The same text and ids each time.', example: '[[seed=7]]' },
];

/** Where an answer goes wrong. */
export interface Fault {
  readonly kind: 'error' | 'stop' | 'cut' | 'stall';
  /** Tokens before it strikes. */
  readonly at: number;
  /** Silence of a stall in ms, 0 for the rest. */
  readonly waitMs: number;
}

/** What the user's text asks for; `undefined` = as the model does. */
export interface Directives {
  tokens: number | undefined;
  headMs: number | undefined;
  firstMs: number | undefined;
  gapMs: number | undefined;
  jitter: number | undefined;
  /** `Infinity` = no pings. */
  pingEveryMs: number | undefined;
  think: boolean | undefined;
  /** The empty name = any tool. */
  tool: string | undefined;
  tools: number | undefined;
  rounds: number | undefined;
  status: number | undefined;
  retryAfter: number | undefined;
  fault: Fault | undefined;
  odds: number | undefined;
  seed: number | undefined;
}

const TOKENS_MAX = 100_000;
const WAIT_MAX_MS = 3_600_000;
const STALL_MS = 600_000;
const FORM = /\[\[([a-z-]+)(?:@(\d{1,6}))?(?:=([^\]\s]{1,40}))?\]\]/g;
const DURATION = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m)?$/;

/** The directives in `text`, or a sentence that says which one makes no sense. */
export function readDirectives(text: string): Directives | string {
  const found = none();
  for (const [whole, name = '', place, value] of text.matchAll(FORM)) {
    const set = setters.get(name);
    if (set === undefined) continue;
    const at = place === undefined ? undefined : Number(place);
    if (!set(found, value, at)) return `The directive ${whole} makes no sense.`;
  }
  return found;
}

/** `text` without directives, as the model is to understand it. */
export function withoutDirectives(text: string): string {
  const rest = text.replaceAll(FORM, (whole: string, name: string) =>
    setters.has(name) ? '' : whole,
  );
  return rest.trim();
}

function none(): Directives {
  return {
    tokens: undefined,
    headMs: undefined,
    firstMs: undefined,
    gapMs: undefined,
    jitter: undefined,
    pingEveryMs: undefined,
    think: undefined,
    tool: undefined,
    tools: undefined,
    rounds: undefined,
    status: undefined,
    retryAfter: undefined,
    fault: undefined,
    odds: undefined,
    seed: undefined,
  };
}

/** Writes one directive; false when the value or the place makes no sense. */
type Setter = (found: Directives, value: string | undefined, at: number | undefined) => boolean;

type NumberField =
  | 'tokens'
  | 'jitter'
  | 'tools'
  | 'rounds'
  | 'status'
  | 'retryAfter'
  | 'odds'
  | 'seed';
type WaitField = 'headMs' | 'firstMs' | 'gapMs' | 'pingEveryMs';

function count(field: NumberField, min: number, max: number): Setter {
  return (found, value, at) => {
    if (value === undefined || at !== undefined || !/^\d{1,10}$/.test(value)) return false;
    found[field] = Number(value);
    return found[field] >= min && found[field] <= max;
  };
}

function share(field: NumberField): Setter {
  return (found, value, at) => {
    if (value === undefined || at !== undefined || !/^(0|1|0?\.\d{1,6}|1\.0+)$/.test(value)) {
      return false;
    }
    found[field] = Number(value);
    return true;
  };
}

function wait(field: WaitField): Setter {
  return (found, value, at) => {
    const ms = durationMs(value);
    if (ms === undefined || at !== undefined) return false;
    found[field] = ms;
    return true;
  };
}

function fault(kind: Fault['kind']): Setter {
  return (found, value, at) => {
    if (at === undefined || at > TOKENS_MAX) return false;
    const waitMs = kind === 'stall' ? durationMs(value ?? `${STALL_MS}`) : 0;
    if (waitMs === undefined || (kind !== 'stall' && value !== undefined)) return false;
    found.fault = { kind, at, waitMs };
    return true;
  };
}

const setters = new Map<string, Setter>([
  ['tokens', count('tokens', 0, TOKENS_MAX)],
  ['head', wait('headMs')],
  ['first', wait('firstMs')],
  ['gap', wait('gapMs')],
  ['jitter', share('jitter')],
  ['pings', setPings],
  ['think', setThink],
  ['tool', setTool],
  ['tools', count('tools', 1, 16)],
  ['rounds', count('rounds', 0, 50)],
  ['status', count('status', 400, 599)],
  ['retry-after', count('retryAfter', 0, 86_400)],
  ['error', fault('error')],
  ['stop', fault('stop')],
  ['cut', fault('cut')],
  ['stall', fault('stall')],
  ['odds', share('odds')],
  ['seed', count('seed', 0, 4_294_967_295)],
]);

function setPings(found: Directives, value: string | undefined, at: number | undefined): boolean {
  const ms = value === 'off' ? Infinity : durationMs(value);
  if (ms === undefined || ms < 1 || at !== undefined) return false;
  found.pingEveryMs = ms;
  return true;
}

function setThink(found: Directives, value: string | undefined, at: number | undefined): boolean {
  found.think = value !== 'off';
  return at === undefined && (value === undefined || value === 'off');
}

function setTool(found: Directives, value: string | undefined, at: number | undefined): boolean {
  found.tool = value ?? '';
  return at === undefined;
}

function durationMs(value: string | undefined): number | undefined {
  const match = value === undefined ? null : DURATION.exec(value);
  if (match === null) return undefined;
  const unitMs = match[2] === 'm' ? 60_000 : match[2] === 's' ? 1000 : 1;
  const ms = Number(match[1]) * unitMs;
  return ms <= WAIT_MAX_MS ? ms : undefined;
}
