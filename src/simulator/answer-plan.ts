// Decides the whole answer of the simulated services to one request: status, headers, and every
// write with the time before it. Pure: the same request, seed and wall time give the same answer.
// It refuses what the services refuse, in their words. Framing fields are left to the wire.

import type { HeaderList } from '../core/header-list.ts';
import { seededRandom } from '../core/random.ts';
import type { Random } from '../core/random.ts';
import type { Ask } from './ask.ts';
import { readDirectives } from './directives.ts';
import type { Directives, Fault } from './directives.ts';
import { readJsonObject } from './json.ts';
import { unknownModel } from './model-list.ts';
import { streamedSteps, wholeStep } from './pacing.ts';
import type { AnswerStep } from './pacing.ts';
import { isRefusal, refusalBody, refusalWithStatus, refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { requestIdOf, serviceHeaders } from './service-headers.ts';
import type { HeaderPair } from './service-headers.ts';
import { simModelNamed } from './sim-models.ts';
import type { Pace } from './sim-models.ts';
import { resolve, vendorOf } from './sim-routes.ts';
import type { Scene, Speak, Speech } from './speech.ts';

export type { AnswerStep } from './pacing.ts';

/** A request as the simulator sees it. */
export interface PlanRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: HeaderList;
  /** Decoded as UTF-8; empty when there is none. */
  readonly body: string;
}

/** How the bytes of an answer are to end: as HTTP says, or by breaking the connection. */
export type AnswerEnding = 'end' | 'cut';

/** An answer whose steps are made while it is sent. */
export interface OpenAnswer {
  readonly status: number;
  /** Without Content-Length, Transfer-Encoding, Connection and Date: they are the wire's. */
  readonly headers: HeaderPair[];
  /** True for an event stream, whose length is not known beforehand. */
  readonly streamed: boolean;
  readonly ending: AnswerEnding;
  /** Can be read once. The head goes out with the first step. */
  readonly steps: Iterable<AnswerStep>;
}

/** An answer with all of its steps. */
export interface AnswerPlan extends OpenAnswer {
  readonly steps: AnswerStep[];
}

/** Wall time of answers whose caller has no clock: 2026-11-20T12:00:00Z. */
const WALL_MS = 1_795_176_000_000;

/** Plans one answer completely. One number is drawn from `random`, whatever the request. */
export function planAnswer(
  request: PlanRequest,
  random: Random,
  wallMs: number = WALL_MS,
): AnswerPlan {
  const answer = openAnswer(request, random, wallMs);
  return { ...answer, steps: [...answer.steps] };
}

/** Plans one answer and makes its steps only as they are asked for. */
export function openAnswer(request: PlanRequest, random: Random, wallMs: number): OpenAnswer {
  const query = request.path.indexOf('?');
  const path = query < 0 ? request.path : request.path.slice(0, query);
  const vendor = vendorOf(path, request.headers);
  const seed = Math.floor(random.next() * 4_294_967_296);
  const scene: Scene = { vendor, wallMs, random: seededRandom(seed) };
  const body = request.method === 'POST' ? readJsonObject(request.body) : undefined;
  const found = resolve(path, request.method, vendor, body);
  if (isRefusal(found)) return refusalAnswer(scene, found, undefined);
  if (found.kind === 'value') return wholeAnswer(scene, 200, found.value);
  return modelAnswer(scene, found.ask, found.speak);
}

function modelAnswer(scene: Scene, ask: Ask, speak: Speak): OpenAnswer {
  const model = simModelNamed(ask.model);
  if (model === undefined) {
    return refusalAnswer(scene, unknownModel(scene.vendor, ask.model), undefined);
  }
  const wishes = readDirectives(ask.userText);
  if (typeof wishes === 'string') return refusalAnswer(scene, refuse(400, wishes), undefined);
  if (wishes.odds !== undefined && scene.random.next() >= wishes.odds) {
    wishes.status = undefined;
    wishes.fault = undefined;
  }
  if (wishes.status !== undefined) {
    return refusalAnswer(scene, refusalWithStatus(scene.vendor, wishes.status), wishes.retryAfter);
  }
  const own = wishes.seed === undefined ? scene : { ...scene, random: seededRandom(wishes.seed) };
  const speech = speak(own, ask, wishes, model);
  const pace = paceOf(model.pace, wishes);
  return ask.stream
    ? streamedAnswer(own, speech, pace, wishes.fault)
    : slowWholeAnswer(own, speech, pace, wishes.fault);
}

/** How an answer is spread over time: as asked for, else as the model usually does. */
export function paceOf(usual: Pace, wishes: Directives): Pace {
  return {
    headMs: wishes.headMs ?? usual.headMs,
    firstMs: wishes.firstMs ?? usual.firstMs,
    gapMs: wishes.gapMs ?? usual.gapMs,
    jitter: wishes.jitter ?? usual.jitter,
    pingEveryMs: wishes.pingEveryMs ?? usual.pingEveryMs,
  };
}

function streamedAnswer(
  scene: Scene,
  speech: Speech,
  pace: Pace,
  fault: Fault | undefined,
): OpenAnswer {
  const { vendor, random, wallMs } = scene;
  const type = 'text/event-stream; charset=utf-8';
  const id = requestIdOf(vendor, random);
  return {
    status: 200,
    headers: serviceHeaders(vendor, id, type, pace.headMs, random, wallMs),
    streamed: true,
    ending: fault?.kind === 'cut' ? 'cut' : 'end',
    steps: streamedSteps(speech.voice, pace, fault, random),
  };
}

/** A body in one piece; `stop` cannot happen to it, because its length is sent before it. */
function slowWholeAnswer(
  scene: Scene,
  speech: Speech,
  pace: Pace,
  fault: Fault | undefined,
): OpenAnswer {
  const step = wholeStep(speech.voice, pace, fault, speech.tokens, scene.random);
  if (fault?.kind === 'error') {
    const status = scene.vendor === 'anthropic' ? 529 : 500;
    return refusalAnswer(scene, refusalWithStatus(scene.vendor, status), undefined, step.afterMs);
  }
  const cut = fault?.kind === 'cut';
  const bytes = cut ? step.bytes.slice(0, step.bytes.length / 2) : step.bytes;
  return jsonAnswer(scene, 200, { afterMs: step.afterMs, bytes }, cut ? 'cut' : 'end');
}

function wholeAnswer(scene: Scene, status: number, value: object): OpenAnswer {
  return jsonAnswer(scene, status, { afterMs: 0, bytes: JSON.stringify(value) }, 'end');
}

function jsonAnswer(
  scene: Scene,
  status: number,
  step: AnswerStep,
  ending: AnswerEnding,
  requestId: string = requestIdOf(scene.vendor, scene.random),
): OpenAnswer {
  const { vendor, random, wallMs } = scene;
  const headers = serviceHeaders(
    vendor,
    requestId,
    'application/json',
    step.afterMs,
    random,
    wallMs,
  );
  return { status, headers, streamed: false, ending, steps: [step] };
}

function refusalAnswer(
  scene: Scene,
  refusal: Refusal,
  retryAfter: number | undefined,
  afterMs = 0,
): OpenAnswer {
  const id = requestIdOf(scene.vendor, scene.random);
  const bytes = JSON.stringify(refusalBody(scene.vendor, refusal, id));
  const answer = jsonAnswer(scene, refusal.status, { afterMs, bytes }, 'end', id);
  if (retryAfter !== undefined) answer.headers.push(['retry-after', `${retryAfter}`]);
  return answer;
}
