// The upstreams of a soak in a process of their own: a sound one, a troubled one and one for
// WebSockets. What a request gets is said by its `x-play` field, so that callers know what to
// expect. Tells its ports at the start and, when asked, what is still under way.

import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { WebSocketServer } from 'ws';
import { sampleAnswers } from '../../src/dialects/sample-answers.ts';
import { anthropicEvents, chatEvents } from '../../src/dialects/samples.ts';
import {
  MisbehavingUpstream,
  also,
  badChunk,
  cut,
  errorEvent,
  jsonAnswer,
  processedThenClosed,
  refusing,
  sseAnswer,
  stalling,
  withoutLastChunk,
} from '../../src/testing/index.ts';
import type { Behaviour, SeenRequest } from '../../src/testing/index.ts';
import type { FaultName } from './troubled-calls.ts';

/** What the parent is told. */
export interface UpstreamNews {
  readonly soundPort: number;
  readonly troubledPort: number;
  readonly socketPort: number;
}

/** What is left to do, answered to any message. */
export interface UpstreamReport {
  /** Requests that the sound one still works on. */
  readonly underWay: number;
  /** WebSockets that are open. */
  readonly sessions: number;
}

const PATH = '/v1/messages';
const steps = anthropicEvents.map((bytes) => ({ afterMs: 4, bytes }));
const messages: Behaviour = { answer: sseAnswer(steps) };
const chat: Behaviour = {
  answer: sseAnswer(chatEvents.map((bytes) => ({ afterMs: 4, bytes }))),
};
/** As long as somebody reads; made up as it goes, so that it costs no memory. */
const endless: Behaviour = {
  answer: sseAnswer({
    *[Symbol.iterator]() {
      yield* anthropicEvents.slice(0, 4).map((bytes) => ({ afterMs: 1, bytes }));
      for (;;) yield { afterMs: 10, bytes: anthropicEvents[3] ?? '' };
    },
  }),
};
const whole = sampleAnswers.find(({ dialect }) => dialect === 'anthropic')?.text ?? '';
const unary: Behaviour = { answer: jsonAnswer(200, JSON.parse(whole)) };

const sound: Readonly<Record<string, Behaviour>> = {
  messages,
  chat,
  endless,
  unary,
  late: { ...unary, thinkMs: 60_000 },
  missing: refusing(404),
};

const faults: Readonly<Record<FaultName, Behaviour>> = {
  none: messages,
  'status-500': refusing(500),
  'status-503': refusing(503),
  'status-429': refusing(429, { ms: 200 }),
  'closed-unanswered': processedThenClosed('fin'),
  'reset-unanswered': processedThenClosed('rst'),
  'reset-in-stream': also(messages, cut('rst', 'event:6')),
  'closed-in-stream': also(messages, cut('fin', 'event:6')),
  'closed-before-terminal': also(messages, cut('fin', 'before-terminal')),
  'no-last-chunk': also(messages, withoutLastChunk('fin')),
  'ended-early': { answer: sseAnswer(steps.slice(0, 7)) },
  'bad-chunk': also(messages, badChunk('size', 5)),
  'error-first': also(messages, errorEvent(PATH, 0)),
  'error-in-stream': also(messages, errorEvent(PATH, 9)),
  'silent-before-head': stalling('before-head'),
  'silent-in-stream': also(messages, stalling('event:7')),
};

/** A call that a fault elsewhere has brought here is answered like any other. */
function answerOf(request: SeenRequest): Behaviour {
  const play = sound[request.header('x-play') ?? ''];
  return play ?? (request.path === PATH ? messages : echo(request));
}

/** Methods and sizes come back, so that callers can tell their answer from another's. */
function echo(request: SeenRequest): Behaviour {
  const { method, path } = request;
  return {
    answer: (whole) => jsonAnswer(200, { method, path, bytes: whole.bodyBytes }),
  };
}

const keep = { records: 100, bodyBytes: 1_024, bodyUntilAnswered: true };
const soundUpstream = await MisbehavingUpstream.listen(answerOf, { keep });
const troubledUpstream = await MisbehavingUpstream.listen(
  (request) => faults[request.header('x-play') as FaultName] ?? messages,
  // Closes what rests, so that the gateway meets and learns it.
  { keep, idle: { afterMs: 2_000, how: 'fin' } },
);
const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
await once(sockets, 'listening');
sockets.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (bytes, isBinary) => socket.send(bytes, { binary: isBinary }));
});

const news: UpstreamNews = {
  soundPort: soundUpstream.port,
  troubledPort: troubledUpstream.port,
  socketPort: (sockets.address() as AddressInfo).port,
};
process.send?.(news);
process.on('message', () => {
  // The sound one ends nothing by itself: what it has not answered was given up by its caller.
  const { abortedCount, answeredCount, requestCount } = soundUpstream.seen;
  const report: UpstreamReport = {
    underWay: requestCount - answeredCount - abortedCount,
    sessions: sockets.clients.size,
  };
  process.send?.(report);
});
process.on('disconnect', () => process.exit(0));
