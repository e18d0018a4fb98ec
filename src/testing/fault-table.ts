// Every fault of the `--fault` language in one table: the parser, the help of `holdfast sim` and
// the reference page are made from it. Refuses by returning a sentence that says what is wanted.
// Invariant: `example` of each row parses.

import { readDuration, readPoint, readSize, readWhole } from './fault-draft.ts';
import type { FaultRow } from './fault-row.ts';
import {
  DURATION,
  SIZE,
  atPoint,
  counted,
  idle,
  plain,
  row,
  timed,
  trickle,
  unknownPoint,
} from './fault-row.ts';
import type { BadChunk } from './misbehaving-upstream/behaviour.ts';
import {
  emptyAnswer,
  htmlErrorAnswer,
  hugeAnswer,
} from './misbehaving-upstream/built-in-answers.ts';

const cuts: readonly FaultRow[] = [
  atPoint('rst', 'Resets the connection at a point.', 'rst@event:3'),
  atPoint('fin', 'Closes the connection at a point.', 'fin@head:10'),
  atPoint('half-close', 'Sends FIN at a point but goes on reading.', 'half-close@event:1'),
  atPoint('stall', 'Sends nothing more from a point on.', 'stall@first-event'),
  atPoint('silence', 'Plays dead from a point on: no packet is answered.', 'silence@event:2'),
  row('wait@POINT/T', 'Pauses once at a point.', 'wait@event:2/500ms', (value, draft) => {
    const [at = '', time = '', ...rest] = value.split('/');
    const point = readPoint(at);
    const forMs = readDuration(time);
    if (point === undefined || point === 'connect') return unknownPoint(at);
    if (forMs === undefined || rest.length > 0) return `"${time}" is not ${DURATION}`;
    draft.faults.push({ do: 'wait', at: point, forMs });
    return undefined;
  }),
];

const answers: readonly FaultRow[] = [
  counted('status:N', 'Refuses with this status.', 'status:529', { min: 400, max: 599 }, (d, n) => {
    d.status = n;
    d.replacements.push('status');
  }),
  counted('retry-after:S', 'Asks to wait S seconds.', 'retry-after:2', { min: 0 }, (draft, n) => {
    draft.retryAfter.seconds = n;
  }),
  counted(
    'retry-after-date:S',
    'The same as an HTTP date.',
    'retry-after-date:2',
    { min: 0 },
    (d, n) => {
      d.retryAfterDateS = n;
    },
  ),
  counted(
    'retry-after-ms:MS',
    'The same in milliseconds.',
    'retry-after-ms:1500',
    { min: 0 },
    (d, n) => {
      d.retryAfter.ms = n;
    },
  ),
  counted(
    'error-event[:N]',
    'Ends a stream by an error event after N events (0: as the first).',
    'error-event:3',
    { min: 0, otherwise: 0 },
    (draft, afterEvents) => {
      draft.errorEventAfter = afterEvents;
    },
  ),
  plain('empty', 'Answers 200 with nothing in it.', (draft) => {
    draft.behaviour.answer = emptyAnswer;
    draft.replacements.push('empty');
  }),
  counted(
    'html[:STATUS]',
    'Answers with a page of HTML.',
    'html:502',
    { min: 200, max: 599, otherwise: 502 },
    (d, n) => {
      d.behaviour.answer = htmlErrorAnswer(n);
      d.replacements.push('html');
    },
  ),
  row('huge:SIZE', 'Answers with a body of this size.', 'huge:100MiB', (value, draft) => {
    const bytes = readSize(value);
    if (bytes === undefined) return `"${value}" is not ${SIZE}`;
    draft.behaviour.answer = hugeAnswer(bytes);
    draft.replacements.push('huge');
    return undefined;
  }),
  plain('stale-token', 'Answers 401 until the caller comes with another token.', (draft) => {
    draft.staleToken = true;
  }),
];

const framings: readonly FaultRow[] = [
  row('length:+N|-N', 'Tells a Content-Length that is off by N.', 'length:-10', (value, draft) => {
    if (!/^[+-]0*[1-9]\d{0,8}$/.test(value)) {
      return `"${value}" is not an offset such as +10 or -10`;
    }
    draft.behaviour.framing = 'length';
    draft.behaviour.lengthOff = Number(value);
    if (Number(value) > 0) draft.faults.push({ do: 'fin', at: 'end' });
    return undefined;
  }),
  row(
    'bad-chunk:HOW[/N]',
    'Breaks chunked framing after N events; HOW is size, no-crlf, negative or huge.',
    'bad-chunk:size/2',
    (value, draft) => {
      const [how = '', after = '0', ...rest] = value.split('/');
      const hows: readonly string[] = ['size', 'no-crlf', 'negative', 'huge'];
      const afterEvents = readWhole(after, 0, 1e9);
      if (!hows.includes(how) || afterEvents === undefined || rest.length > 0) {
        return `"${value}" is not size, no-crlf, negative or huge, with an optional /N`;
      }
      draft.behaviour.badChunk = { how: how as BadChunk, afterEvents };
      return undefined;
    },
  ),
  plain('no-last-chunk', 'Closes without the last chunk.', (draft) => {
    draft.behaviour.framing = 'chunked';
    draft.faults.push({ do: 'fin', at: 'before-end' });
  }),
  plain('extra-bytes', 'Sends bytes nobody asked for behind the answer.', (draft) => {
    draft.behaviour.extraBytes = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
  }),
  plain('trailers', 'Ends a chunked body with trailer fields.', (draft) => {
    draft.behaviour.framing = 'chunked';
    draft.behaviour.trailers = [['x-sim-trailer', 'end']];
  }),
  counted(
    'interim:N',
    'Sends an informational head first.',
    'interim:103',
    { min: 102, max: 199 },
    (d, n) => {
      d.behaviour.interim = [{ status: n }];
    },
  ),
  plain('http10', 'Answers in HTTP/1.0, ending the body by closing.', (draft) => {
    draft.behaviour.version = '1.0';
    draft.behaviour.framing = 'until-close';
  }),
];

const paces: readonly FaultRow[] = [
  timed('delay:T', 'Waits before the response head.', 'delay:2s', (draft, ms) => {
    draft.behaviour.thinkMs = ms;
  }),
  trickle('trickle', 'all', 'Sends BYTES at a time, an interval apart.'),
  trickle('trickle-head', 'head', 'The same for the head only.'),
  trickle('trickle-body', 'body', 'The same for the body only.'),
  row(
    'slow-read:SIZE',
    'Reads request bodies at SIZE a second.',
    'slow-read:64KiB',
    (value, draft) => {
      const bytesPerSecond = readSize(value);
      if (bytesPerSecond === undefined || bytesPerSecond === 0) return `"${value}" is not ${SIZE}`;
      draft.behaviour.reading = { how: 'slow', bytesPerSecond };
      return undefined;
    },
  ),
  plain('no-read', 'Never reads request bodies.', (draft) => {
    draft.behaviour.reading = { how: 'never' };
  }),
];

const connections: readonly FaultRow[] = [
  idle('idle-close', 'fin', 'Closes connections that were idle for T.'),
  idle('idle-rst', 'rst', 'Resets connections that were idle for T.'),
  idle('idle-silence', 'silence', 'Forgets connections that were idle for T, as a NAT does.'),
  plain('close', 'Announces Connection: close and closes after each answer.', (draft) => {
    draft.behaviour.close = true;
  }),
  counted(
    'max-requests:N',
    'Closes a connection after N answers.',
    'max-requests:100',
    { min: 1 },
    (d, n) => {
      d.requestsMax = n;
    },
  ),
  row('keep-alive:S[/MAX]', 'Tells a Keep-Alive hint.', 'keep-alive:5/100', (value, draft) => {
    const [timeout = '', max, ...rest] = value.split('/');
    const fits = [timeout, max ?? '1'].every((text) => readWhole(text, 0, 1e9) !== undefined);
    if (!fits || rest.length > 0) return `"${value}" is not seconds with an optional /MAX`;
    draft.behaviour.keepAlive =
      max === undefined ? `timeout=${timeout}` : `timeout=${timeout}, max=${max}`;
    return undefined;
  }),
];

const conditions: readonly FaultRow[] = [
  row('p=P', 'Strikes with probability P.', 'p=0.1', (value, draft) => {
    const p = /^(0(\.\d+)?|1(\.0+)?|\.\d+)$/.test(value) ? Number(value) : Number.NaN;
    if (Number.isNaN(p)) return `"${value}" is not a probability from 0 to 1`;
    draft.when.p = p;
    return undefined;
  }),
  counted('every:N', 'Strikes every N-th request.', 'every:3', { min: 1 }, (draft, n) => {
    draft.when.every = n;
  }),
  counted('first:N', 'Strikes the first N requests only.', 'first:2', { min: 1 }, (draft, n) => {
    draft.when.first = n;
  }),
  counted('after:N', 'Leaves the first N requests alone.', 'after:10', { min: 1 }, (draft, n) => {
    draft.when.after = n;
  }),
  row(
    'path:PREFIX',
    'Strikes requests whose path begins so.',
    'path:/v1/messages',
    (value, draft) => {
      if (!value.startsWith('/')) return `"${value}" does not begin with "/"`;
      draft.when.path = value;
      return undefined;
    },
  ),
];

/** One heading of the table. */
export interface FaultGroup {
  readonly title: string;
  readonly rows: readonly FaultRow[];
}

/** All faults by group, in the order in which help shows them. */
export const faultTable: readonly FaultGroup[] = [
  { title: 'At a point of the answer', rows: cuts },
  { title: 'Instead of the answer', rows: answers },
  { title: 'In the framing', rows: framings },
  { title: 'In the pace', rows: paces },
  { title: 'Of the connection', rows: connections },
  { title: 'When it strikes', rows: conditions },
];
