// A simulated upstream: accepts connections, reads requests, and answers them as well or as badly
// as its weather and the seed say. Remembers what it has executed, which is the one truth about
// "twice".

import type { Clock } from '../../src/core/clock.ts';
import { sampleStreams } from '../../src/dialects/sample-streams.ts';
import type { SampleAnswer } from '../../src/dialects/sample-streams.ts';
import type { Draw } from './draw.ts';
import type { Link, Machine, PeerLine } from './network.ts';
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
  | 'server-error'
  | 'error-event-first'
  | 'error-event-late'
  | 'cut'
  | 'truncated'
  | 'stall'
  | 'closed-after-acting'
  | 'empty'
  | 'slow';

/** Every weather a peer can have. */
export const weathers: readonly Weather[] = [
  { name: 'fair', welcome: 'accept', faults: {} },
  { name: 'fair', welcome: 'accept', faults: { slow: 0.1 } },
  { name: 'overloaded', welcome: 'accept', faults: { refused: 0.7, 'error-event-first': 0.2 } },
  { name: 'crashing', welcome: 'accept', faults: { cut: 0.5, 'closed-after-acting': 0.2 } },
  { name: 'stalling', welcome: 'accept', faults: { stall: 0.5, slow: 0.2 } },
  { name: 'broken', welcome: 'accept', faults: { 'server-error': 0.8, empty: 0.1 } },
  { name: 'careless', welcome: 'accept', faults: { truncated: 0.3, 'error-event-late': 0.3 } },
  { name: 'down', welcome: 'refuse', faults: {} },
  { name: 'dark', welcome: 'silence', faults: { stall: 1 } },
];

const streams = new Map(sampleStreams.map((sample) => [sample.dialect, sample]));

/** The answer a peer gives to a call of a dialect when nothing goes wrong. */
export function wholeAnswer(dialect: string): SampleAnswer {
  const found = streams.get(dialect);
  if (found === undefined) throw new Error(`no sample of ${dialect}`);
  return found;
}

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
  /** Idle connections are closed after so long. */
  readonly idleMs: number;

  constructor(clock: Clock, draw: Draw) {
    this.clock = clock;
    this.draw = draw;
    this.oneWayMs = draw.scale(0.5, 60);
    this.idleMs = draw.scale(500, 120_000);
    this.weather = weathers[0] as Weather;
  }

  welcome(): Weather['welcome'] {
    return this.weather.welcome;
  }

  accepted(link: Link): PeerLine {
    return new Conversation(this, link);
  }
}

/** One connection of a peer. */
class Conversation implements PeerLine {
  readonly #peer: Peer;
  readonly #link: Link;
  readonly #parser = new RequestParser();
  #over: boolean = false;
  #busy: boolean = false;
  #turn: number = 0;

  constructor(peer: Peer, link: Link) {
    this.#peer = peer;
    this.#link = link;
    this.#rest();
  }

  received(text: string): void {
    if (this.#over) return;
    for (const request of this.#parser.feed(text)) this.#answer(request);
  }

  left(): void {
    this.#over = true;
  }

  /** Closes the connection when it has been idle for too long. */
  #rest(): void {
    this.#busy = false;
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
    if (fault !== 'refused') executed.set(id, (executed.get(id) ?? 0) + 1);
    const thinkMs = draw.scale(1, 2_000);
    this.#after(thinkMs, () => this.#act(fault, request, id));
  }

  #act(fault: FaultName | 'none', request: SimRequest, id: string): void {
    const { draw } = this.#peer;
    const sample = wholeAnswer(request.fields.get('x-dialect') ?? '');
    const head = headText(200, id, sample.contentType);
    const text = onTheWire(sample.text);
    const how = draw.chance(0.5) ? 'fin' : 'rst';
    switch (fault) {
      case 'none':
        return this.#stream(head, text, 1, () => this.#finish());
      case 'slow':
        return this.#stream(head, text, 40, () => this.#finish());
      case 'refused':
        return this.#status(draw.one([429, 503, 529]), id);
      case 'server-error':
        return this.#status(draw.one([500, 502, 504]), id);
      case 'error-event-first':
        return this.#stream(head, errorEvent(sample), 1, () => this.#finish());
      case 'error-event-late':
        return this.#stream(head, half(text) + errorEvent(sample), 1, () => this.#finish());
      case 'truncated':
        return this.#stream(head, text.slice(0, -onTheWire(sample.closing).length), 1, () =>
          this.#finish(),
        );
      case 'closed-after-acting':
        return this.#close(how);
      case 'empty':
        return this.#stream(head, '', 1, () => this.#finish());
      case 'cut':
      case 'stall': {
        const all = head + chunk(text);
        const part = all.slice(0, draw.whole(0, all.length));
        if (part !== '') this.#link.say(part);
        if (fault === 'cut') this.#close(how);
        return undefined;
      }
      default:
        throw new Error(`no fault ${String(fault satisfies never)}`);
    }
  }

  #status(status: number, id: string): void {
    const { draw } = this.#peer;
    const wait = draw.chance(0.4) ? `Retry-After: ${draw.whole(0, 4)}\r\n` : '';
    const body = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}';
    this.#link.say(
      `HTTP/1.1 ${status} No\r\n${wait}X-Echo: ${id}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    this.#rest();
  }

  /** Says `text` in pieces with pauses between; `slow` stretches them. */
  #stream(head: string, text: string, slow: number, then: () => void): void {
    const { draw } = this.#peer;
    let at = 0;
    let first = head;
    const next = (): void => {
      if (at >= text.length) {
        if (first !== '') this.#link.say(first);
        then();
        return;
      }
      const piece = text.slice(at, at + draw.whole(1, 400));
      at += piece.length;
      this.#link.say(first + chunk(piece));
      first = '';
      this.#after(draw.scale(0.2, 150) * slow, next);
    };
    next();
  }

  #finish(): void {
    this.#link.say('0\r\n\r\n');
    this.#rest();
  }
}

function headText(status: number, id: string, contentType: string): string {
  return (
    `HTTP/1.1 ${status} OK\r\nX-Echo: ${id}\r\nContent-Type: ${contentType}\r\n` +
    'Transfer-Encoding: chunked\r\n\r\n'
  );
}

/** Text as the bytes of its UTF-8, one character each. */
function onTheWire(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function chunk(bytes: string): string {
  return `${bytes.length.toString(16)}\r\n${bytes}\r\n`;
}

function errorEvent({ dialect }: SampleAnswer): string {
  return errorEvents[dialect] ?? 'event: error\ndata: {"type":"error","code":"server_error"}\n\n';
}

/** The first half of a stream, cut between two events. */
function half(text: string): string {
  const at = text.indexOf('\n\n', text.length / 2);
  return at < 0 ? '' : text.slice(0, at + 2);
}
