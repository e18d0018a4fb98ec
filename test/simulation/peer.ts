// A simulated upstream: accepts connections, reads requests, and answers them as well or as badly
// as its weather and the seed say. Remembers what it has executed, which is the one truth about
// "twice".

import type { Clock } from '../../src/core/clock.ts';
import { sampleStreams } from '../../src/dialects/sample-streams.ts';
import type { SampleAnswer } from '../../src/dialects/sample-streams.ts';
import type { Draw } from './draw.ts';
import type { Link, Machine, PeerLine } from './network.ts';
import { isWholeRequest } from './request-bodies.ts';
import type { TokenDesk } from './token-desk.ts';
import { RequestParser } from './request-parser.ts';
import type { SimRequest } from './request-parser.ts';

/** How a peer is today: shares of the answers that go wrong in each way; the rest goes well. */
export interface Weather {
  readonly name: string;
  readonly welcome: 'accept' | 'refuse' | 'silence';
  readonly faults: Readonly<Partial<Record<FaultName, number>>>;
}

/** What can go wrong with one answer. */
export type FaultName =
  | 'refused'
  | 'refused-early'
  | 'cut-early'
  | 'server-error'
  | 'error-event-first'
  | 'error-event-late'
  | 'cut'
  | 'truncated'
  | 'stall'
  | 'closed-after-acting'
  | 'empty'
  | 'slow';

/** What a peer starts with. */
export const fairWeather: Weather = { name: 'fair', welcome: 'accept', faults: {} };

/** Every weather a peer can have. */
const weathers: readonly Weather[] = [
  fairWeather,
  { name: 'fair', welcome: 'accept', faults: { slow: 0.1 } },
  { name: 'overloaded', welcome: 'accept', faults: { refused: 0.7, 'error-event-first': 0.2 } },
  { name: 'impatient', welcome: 'accept', faults: { 'refused-early': 0.5, refused: 0.2 } },
  {
    name: 'crashing',
    welcome: 'accept',
    faults: { cut: 0.4, 'cut-early': 0.2, 'closed-after-acting': 0.2 },
  },
  { name: 'stalling', welcome: 'accept', faults: { stall: 0.5, slow: 0.2 } },
  { name: 'broken', welcome: 'accept', faults: { 'server-error': 0.8, empty: 0.1 } },
  { name: 'careless', welcome: 'accept', faults: { truncated: 0.3, 'error-event-late': 0.3 } },
  { name: 'down', welcome: 'refuse', faults: {} },
  { name: 'dark', welcome: 'silence', faults: { stall: 1 } },
];

/** What is spoken at these paths; elsewhere the caller says what it would like to hear. */
const dialectByPath: ReadonlyMap<string, string> = new Map([
  ['/v1/messages', 'anthropic'],
  ['/v1/chat/completions', 'openai-chat'],
  ['/v1/responses', 'openai-responses'],
]);

/** One of the weathers; half of the time it is milder, so that no breaker takes a peer away. */
export function drawWeather(draw: Draw): Weather {
  const weather = draw.one(weathers);
  const strength = draw.chance(0.5) ? 1 : draw.scale(0.05, 0.5);
  const faults = Object.entries(weather.faults).map(([name, share]) => [name, share * strength]);
  return { ...weather, faults: Object.fromEntries(faults) as Weather['faults'] };
}

const streams = new Map(sampleStreams.map((sample) => [sample.dialect, sample]));

/** The answer a peer gives to a call of a dialect when nothing goes wrong. */
export function wholeAnswer(dialect: string): SampleAnswer {
  const found = streams.get(dialect);
  if (found === undefined) throw new Error(`no sample of ${dialect}`);
  return found;
}

/** What a peer has found wrong with the requests it got. */
export type Complaint = (promise: string, id: string) => void;

const errorEvents: Readonly<Record<string, string>> = {
  anthropic:
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
  'openai-chat': 'data: {"error":{"message":"Overloaded","type":"server_error","code":null}}\n\n',
};

/** One upstream machine. */
export class Peer implements Machine {
  readonly oneWayMs: number;
  weather: Weather;
  /** How often each request was executed, by its id. */
  readonly executed = new Map<string, number>();
  /** Requests that arrived whole. */
  arrived: number = 0;
  readonly clock: Clock;
  readonly draw: Draw;
  readonly broken: Complaint;
  readonly desk: TokenDesk;
  /** Idle connections are closed after so long. */
  readonly idleMs: number;
  readonly takesBytesPerMs: number;

  constructor(clock: Clock, draw: Draw, broken: Complaint, desk: TokenDesk) {
    this.clock = clock;
    this.draw = draw;
    this.broken = broken;
    this.desk = desk;
    this.takesBytesPerMs = draw.chance(0.4) ? draw.scale(20, 2_000) : Number.POSITIVE_INFINITY;
    this.oneWayMs = draw.scale(0.5, 60);
    this.idleMs = draw.scale(500, 120_000);
    this.weather = fairWeather;
  }

  welcome(): Weather['welcome'] {
    return this.weather.welcome;
  }

  accepted(link: Link): PeerLine {
    return new Conversation(this, link);
  }
}

/** How the end of an answer is told. */
type AnswerFraming = 'chunked' | 'length' | 'close';

/** How often each is met. */
const FRAMINGS: Readonly<Record<AnswerFraming, number>> = { chunked: 0.8, length: 0.1, close: 0.1 };

const FRAMING_FIELDS: Readonly<Record<AnswerFraming, (length: number) => string>> = {
  chunked: () => 'Transfer-Encoding: chunked',
  length: (length) => `Content-Length: ${length}`,
  close: () => 'Connection: close',
};

/** What an answer is made of. */
interface Answer {
  readonly id: string;
  readonly sample: SampleAnswer;
  readonly framing: AnswerFraming;
}

/** One connection of a peer. */
class Conversation implements PeerLine {
  readonly #peer: Peer;
  readonly #link: Link;
  readonly #parser = new RequestParser();
  #over: boolean = false;
  #busy: boolean = false;
  #turn: number = 0;
  /** Whether the request that is coming may be refused before it is here. */
  #isJudged: boolean = false;

  constructor(peer: Peer, link: Link) {
    this.#peer = peer;
    this.#link = link;
    this.#rest();
  }

  received(text: string): void {
    if (this.#over) return;
    this.#busy = true;
    for (const request of this.#parser.feed(text)) this.#answer(request);
    if (this.#parser.isWaiting) this.#judgeEarly();
  }

  left(): void {
    this.#over = true;
  }

  /** Closes before the whole request is here, at times with a word, as servers too full do. */
  #judgeEarly(): void {
    const { draw, weather } = this.#peer;
    if (this.#isJudged) return;
    this.#isJudged = true;
    const { 'refused-early': refused = 0, 'cut-early': cut = 0 } = weather.faults;
    const word = draw.chance(refused);
    if (!word && !draw.chance(cut)) return;
    if (word) this.#status(draw.one([413, 429, 503]));
    this.#close(word || draw.chance(0.5) ? 'fin' : 'rst');
  }

  /** Closes the connection when it has been idle for too long. */
  #rest(): void {
    this.#busy = false;
    this.#isJudged = false;
    this.#turn += 1;
    const turn = this.#turn;
    this.#after(this.#peer.idleMs, () => {
      if (this.#turn === turn && !this.#busy) this.#close('fin');
    });
  }

  #after(ms: number, run: () => void): void {
    this.#peer.clock.after(ms, () => {
      if (!this.#over) run();
    });
  }

  #close(how: 'fin' | 'rst'): void {
    this.#over = true;
    if (how === 'fin') this.#link.fin();
    else this.#link.reset();
  }

  #answer(request: SimRequest): void {
    const { draw, executed, weather } = this.#peer;
    this.#busy = true;
    this.#peer.arrived += 1;
    const faults = weather.faults;
    const fault = draw.weighted<FaultName | 'none'>({
      ...faults,
      none: 1 - Object.values(faults).reduce((sum, share) => sum + share, 0),
    } as Record<FaultName | 'none', number>);
    const id = request.fields.get('x-request-id') ?? '';
    const size = Number(request.fields.get('x-input-size'));
    if (!isWholeRequest(request.body, size)) this.#peer.broken('1: a request came in parts', id);
    if (request.fields.has('x-wants-token')) {
      if (!this.#peer.desk.admits(request.fields.get('authorization'), id)) {
        this.#status(401, id);
        return;
      }
    }
    if (!fault.startsWith('refused')) executed.set(id, (executed.get(id) ?? 0) + 1);
    const thinkMs = draw.scale(1, 2_000);
    this.#after(thinkMs, () => this.#act(fault, request, id));
  }

  #act(fault: FaultName | 'none', request: SimRequest, id: string): void {
    const { draw } = this.#peer;
    const sample = wholeAnswer(
      dialectByPath.get(request.path) ?? request.fields.get('x-dialect') ?? '',
    );
    const text = onTheWire(sample.text);
    const how = draw.chance(0.5) ? 'fin' : 'rst';
    const answer: Answer = { id, sample, framing: draw.weighted(FRAMINGS) };
    if (draw.chance(0.05)) this.#link.say('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n');
    switch (fault) {
      case 'none':
        return this.#stream(answer, text, 1);
      case 'slow':
        return this.#stream(answer, text, 40);
      case 'refused':
      case 'refused-early':
        return this.#status(draw.one([429, 503, 529]), id);
      case 'server-error':
        return this.#status(draw.one([500, 502, 504]), id);
      case 'error-event-first':
        return this.#stream(answer, errorEvent(sample), 1);
      case 'error-event-late':
        return this.#stream(answer, half(text) + errorEvent(sample), 1);
      case 'truncated':
        return this.#stream(answer, text.slice(0, -onTheWire(sample.closing).length), 1);
      case 'cut-early':
      case 'closed-after-acting':
        return this.#close(how);
      case 'empty':
        return this.#stream(answer, '', 1);
      case 'cut':
      case 'stall': {
        const all = headText(answer, text.length) + framed(answer, text);
        const part = all.slice(0, draw.whole(0, all.length));
        if (part !== '') this.#link.say(part);
        if (fault === 'cut') this.#close(how);
        return undefined;
      }
      default:
        throw new Error(`no fault ${String(fault satisfies never)}`);
    }
  }

  #status(status: number, id?: string): void {
    const { draw } = this.#peer;
    const wait = draw.chance(0.4) ? `Retry-After: ${draw.whole(0, 4)}\r\n` : '';
    const echo = id === undefined ? '' : `X-Echo: ${id}\r\n`;
    const body = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}';
    this.#link.say(
      `HTTP/1.1 ${status} No\r\n${wait}${echo}Content-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    this.#rest();
  }

  /** Says `text` in pieces with pauses between; `slow` stretches them. */
  #stream(answer: Answer, text: string, slow: number): void {
    const { draw } = this.#peer;
    let at = 0;
    let first = headText(answer, text.length);
    const next = (): void => {
      if (at >= text.length) {
        if (first !== '') this.#link.say(first);
        this.#finish(answer);
        return;
      }
      const piece = text.slice(at, at + draw.whole(1, 400));
      at += piece.length;
      this.#link.say(first + framed(answer, piece));
      first = '';
      this.#after(draw.scale(0.2, 150) * slow, next);
    };
    next();
  }

  #finish({ framing }: Answer): void {
    if (framing === 'chunked') this.#link.say('0\r\n\r\n');
    if (framing === 'close') this.#close('fin');
    else this.#rest();
  }
}

function headText({ id, sample, framing }: Answer, length: number): string {
  return (
    `HTTP/1.1 200 OK\r\nX-Echo: ${id}\r\nContent-Type: ${sample.contentType}\r\n` +
    `${FRAMING_FIELDS[framing](length)}\r\n\r\n`
  );
}

/** A piece of a body as `framing` sends it. */
function framed({ framing }: Answer, bytes: string): string {
  return framing === 'chunked' ? `${bytes.length.toString(16)}\r\n${bytes}\r\n` : bytes;
}

/** Text as the bytes of its UTF-8, one character each. */
function onTheWire(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function errorEvent({ dialect }: SampleAnswer): string {
  return errorEvents[dialect] ?? 'event: error\ndata: {"type":"error","code":"server_error"}\n\n';
}

/** The first half of a stream, cut between two events. */
function half(text: string): string {
  const at = text.indexOf('\n\n', text.length / 2);
  return at < 0 ? '' : text.slice(0, at + 2);
}
