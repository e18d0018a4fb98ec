// One request to the simulated instance, from its last byte to its answer: who asks, whether there
// is room, how long it takes, what comes of it. Invariant: the places it holds are given back once,
// whether it is answered, closed or left by its caller.

import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import type { Accounts } from './accounts.ts';
import { notAuthenticated } from './accounts.ts';
import { busyAnswer, droppedAnswer, refusal, sleepingAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import type { InstanceOptions } from './instance-options.ts';
import { ruleRefusal } from './rate-rules.ts';
import type { RateRules } from './rate-rules.ts';
import type { Semaphore, Ticket } from './semaphore.ts';
import type { Sessions } from './sessions.ts';
import type { TableApi } from './table-api.ts';
import { readWishes } from './wishes.ts';
import type { Wishes } from './wishes.ts';

/** What all requests of one instance share. */
export interface InstanceParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly options: InstanceOptions;
  readonly isAsleep: () => boolean;
  readonly accounts: Accounts;
  readonly api: TableApi;
  readonly rules: RateRules;
  readonly places: Semaphore;
  readonly sessions: Sessions;
  /** By label: how often the wishes of `x-sim-first` have struck. */
  readonly struck: Map<string, number>;
  /** Requests that are neither answered nor left. */
  readonly present: Set<object>;
  readonly counts: {
    requests: number;
    atOnceMost: number;
    closed: number;
    refused: number;
    dropped: number;
  };
}

const BODY_BYTES_MAX = 1_048_576;
const LABELS_MAX = 1_000;
const TABLE_PATH = /^\/api\/now\/(?:(v[12])\/)?table\/([^/]+)(?:\/([^/]+))?\/?$/;

/** One request. */
export class InstanceExchange {
  readonly #parts: InstanceParts;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #path: string;
  readonly #parameters: URLSearchParams;
  #body: string = '';
  /** Its turn in its session, and its place at the instance. */
  #turn: Ticket | undefined = undefined;
  #place: Ticket | undefined = undefined;
  #timer: Timer | undefined = undefined;
  /** Fields that every answer to this request has. */
  #fields: Record<string, string> = {};

  constructor(parts: InstanceParts, request: IncomingMessage, response: ServerResponse) {
    this.#parts = parts;
    this.#request = request;
    this.#response = response;
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s);
    const { mount } = parts.options;
    this.#path = path.startsWith(`${mount}/`) ? path.slice(mount.length) : path;
    this.#parameters = new URLSearchParams(query);
  }

  begin(): void {
    const { counts, present } = this.#parts;
    counts.requests += 1;
    present.add(this);
    counts.atOnceMost = Math.max(counts.atOnceMost, present.size);
    this.#response.once('close', () => this.#leave());
    const pieces: Buffer[] = [];
    let bytes = 0;
    this.#request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= BODY_BYTES_MAX) pieces.push(piece);
    });
    // A caller who leaves is seen at the response.
    this.#request.on('error', () => {});
    this.#request.on('end', () => {
      this.#body = Buffer.concat(pieces).toString('utf8');
      if (bytes > BODY_BYTES_MAX) this.#send(refusal(413, 'Request entity too large'));
      else this.#admit();
    });
  }

  /** Everything that may turn it away before it has cost anything. */
  #admit(): void {
    const { isAsleep, options, accounts, clock, rules } = this.#parts;
    const { headers } = this.#request;
    if (isAsleep()) {
      this.#send(sleepingAnswer(options.sleepStatus));
      return;
    }
    if (this.#path === '/oauth_token.do') {
      const isPost = this.#request.method === 'POST';
      const answer = accounts.token(headers['content-type'] ?? '', this.#body);
      this.#send(isPost ? answer : refusal(405, 'Method not supported'));
      return;
    }
    const wishes = readWishes([...fieldsOf(this.#request), ...this.#parameters]);
    if (typeof wishes === 'string') {
      this.#send(refusal(400, 'Bad wish', wishes));
      return;
    }
    const user = accounts.userOf(headers.authorization);
    if (user === undefined) {
      this.#send(notAuthenticated);
      return;
    }
    const verdict = rules.count(user, clock.wallNow());
    if (verdict !== undefined) this.#fields = { ...verdict.fields };
    if (verdict?.refusal === undefined) this.#enterSession(wishes);
    else this.#send(verdict.refusal);
  }

  /** Calls with one cookie run one after the other. */
  #enterSession(wishes: Wishes): void {
    const { sessions } = this.#parts;
    const line = sessions.lineOf(this.#request.headers.cookie);
    if (line === undefined) {
      this.#response.setHeader('Set-Cookie', sessions.open());
      this.#enter(wishes);
      return;
    }
    this.#turn = line.enter(() => this.#enter(wishes));
    if (this.#turn === undefined) this.#send(droppedAnswer);
    else this.#leaveIfOver();
  }

  #enter(wishes: Wishes): void {
    const { places, options } = this.#parts;
    this.#place = places.enter(() => this.#run(wishes));
    if (this.#place !== undefined) this.#leaveIfOver();
    else if (options.overflow === 'refuse') this.#send(busyAnswer);
    else this.#hangUp();
  }

  /** What ran on the way to its ticket could not give that back. */
  #leaveIfOver(): void {
    if (this.#response.writableEnded || this.#response.destroyed) this.#leave();
  }

  #run(wishes: Wishes): void {
    const { clock, options } = this.#parts;
    const takesMs = wishes.delayMs ?? options.queryMs;
    const isCancelled = takesMs > options.quotaMs;
    const waitMs = Math.min(takesMs, options.quotaMs);
    this.#timer = clock.after(waitMs, () => this.#finish(wishes, isCancelled));
  }

  #finish(wishes: Wishes, isCancelled: boolean): void {
    const strikes = this.#strikes(wishes);
    const instead = strikes ? this.#instead(wishes) : undefined;
    const partial = strikes ? wishes.partial : undefined;
    const answer = instead ?? this.#answer(isCancelled ? 0 : partial);
    if (strikes && wishes.close !== undefined) this.#cut(answer, wishes.close);
    else this.#send(answer);
  }

  #strikes({ odds, first }: Wishes): boolean {
    const { random, struck } = this.#parts;
    if (odds !== undefined && random.next() >= odds) return false;
    if (first === undefined) return true;
    const times = struck.get(first.label) ?? 0;
    const [oldest] = struck.keys();
    if (struck.size >= LABELS_MAX && oldest !== undefined && times === 0) struck.delete(oldest);
    struck.set(first.label, times + 1);
    return times < first.count;
  }

  /** What is answered in place of any work. */
  #instead(wishes: Wishes): Answer | undefined {
    const { status, page, busy, ruleMs, dropped, retryAfter } = wishes;
    if (page !== undefined) return sleepingAnswer(page);
    if (dropped === true) return droppedAnswer;
    if (ruleMs !== undefined) {
      const rule = { id: 'f'.repeat(32), user: '', perHour: 500 };
      return ruleRefusal(rule, ruleMs, this.#parts.clock.wallNow());
    }
    const wait = retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
    if (busy === true) return { ...busyAnswer, fields: { ...busyAnswer.fields, ...wait } };
    return status === undefined ? undefined : refusal(status, 'As you wish', null, wait);
  }

  #answer(partial: number | undefined): Answer {
    const { headers } = this.#request;
    const [, version = '', table = '', id = ''] = TABLE_PATH.exec(this.#path) ?? [];
    if (table === '') return refusal(400, 'Requested URI does not represent any resource');
    const accept = headers.accept ?? '*/*';
    if (!/json|\*\/\*/i.test(accept)) return refusal(406, 'Invalid accept header', accept);
    const overridden = headers['x-http-method-override'];
    const said = this.#request.method ?? 'GET';
    const method = said === 'POST' && overridden === 'PATCH' ? overridden : said;
    const type = headers['content-type'] ?? '';
    if (this.#body !== '' && !/json/i.test(type)) return refusal(415, 'Unsupported media type');
    const base = `http://${headers.host ?? 'localhost'}${this.#parts.options.mount}`;
    const { api } = this.#parts;
    const parameters = this.#parameters;
    const answer = api.answer({
      method,
      version,
      table,
      id,
      parameters,
      body: this.#body,
      base,
      partial,
    });
    const wantsNone = headers['x-no-response-body'] === 'true' && answer.status < 300;
    return wantsNone ? { ...answer, body: '' } : answer;
  }

  #send({ status, fields, body }: Answer): void {
    const { counts } = this.#parts;
    if (this.#response.destroyed) return;
    if (status === 429) counts.refused += 1;
    if (status === 202) counts.dropped += 1;
    const { 'Content-Type': type, ...rest } = fields;
    this.#response.writeHead(status, {
      ...this.#fields,
      ...rest,
      ...(body === '' || type === undefined ? {} : { 'Content-Type': type }),
    });
    // Two writes, so that the body is chunked as the platform's are.
    if (body !== '') this.#response.write(body);
    this.#leave();
    this.#response.end();
  }

  /** Answers as far as told, and closes the connection on the rest. */
  #cut({ status, fields, body }: Answer, where: 'head' | 'body'): void {
    if (where === 'head') {
      this.#hangUp();
      return;
    }
    this.#response.writeHead(status, { ...fields, 'Content-Length': body.length + 1 });
    this.#response.write(body.slice(0, body.length / 2), () => this.#hangUp());
  }

  #hangUp(): void {
    this.#parts.counts.closed += 1;
    this.#request.socket.destroy();
    this.#leave();
  }

  #leave(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#parts.present.delete(this);
    // The place first: the next call of the session takes one as soon as it has its turn.
    this.#place?.close();
    this.#place = undefined;
    this.#turn?.close();
    this.#turn = undefined;
  }
}

function* fieldsOf({ headers }: IncomingMessage): Generator<[string, string]> {
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') yield [name, value];
  }
}
