// Calls to upstreams that work, and calls the gateway answers itself: each has one right end.

import { anthropicEvents, chatEvents } from '../../src/dialects/samples.ts';
import { told } from './call-kind.ts';
import type { CallKind, CallTools } from './call-kind.ts';
import type { Ask, Heard } from './http-caller.ts';
import { rawAnswer } from './raw-answer.ts';

const MESSAGES = '/v1/messages';
const CHAT = '/v1/chat/completions';
const UPLOAD_BYTES_MAX = 256 * 1024;
const upload = Buffer.alloc(UPLOAD_BYTES_MAX, 0x2e);

/** A kind that makes one HTTP call and checks what it heard. */
function kind(
  name: string,
  weight: number,
  ask: (tools: CallTools) => Ask,
  isRight: (heard: Heard, asked: Ask) => boolean,
): CallKind {
  return {
    name,
    weight,
    async run(tools) {
      const asked = ask(tools);
      const heard = await tools.caller.call(asked);
      return isRight(heard, asked) ? undefined : told(heard);
    },
  };
}

function model({ values }: CallTools, play: string, path: string = MESSAGES): Ask {
  const body = JSON.stringify({ model: values.make('sound'), stream: play !== 'unary' });
  return { method: 'POST', path, headers: values.fields(play), body };
}

function rest({ values }: CallTools, method: string): Ask {
  const path = `/rest/${values.make('folder')}/${values.make('item')}?q=${values.make('query')}`;
  return { method, path, headers: values.fields('echo') };
}

const isWhole =
  (status: number, text: string) =>
  (heard: Heard): boolean =>
    heard.end === 'whole' && heard.status === status && heard.text === text;

/** The answer names the very request, so that it cannot be another's. */
function isEcho({ end, status, text }: Heard, { method, path, body = '' }: Ask): boolean {
  const right = JSON.stringify({ method, path, bytes: body.length });
  return end === 'whole' && status === 200 && text === right;
}

const isRefusal =
  (status: number, code: string) =>
  (heard: Heard): boolean =>
    heard.end === 'whole' && heard.status === status && heard.code === code;

const hasLeft = ({ end }: Heard): boolean => end === 'left';

/** Every kind with one right end. */
export const soundCalls: readonly CallKind[] = [
  kind(
    'whole model answer',
    12,
    (tools) => model(tools, 'unary'),
    ({ end, status, text }) => end === 'whole' && status === 200 && text.endsWith('503}}'),
  ),
  kind(
    'model stream',
    12,
    (tools) => model(tools, 'messages'),
    isWhole(200, anthropicEvents.join('')),
  ),
  kind('chat stream', 8, (tools) => model(tools, 'chat', CHAT), isWhole(200, chatEvents.join(''))),
  kind(
    'service call',
    20,
    (tools) => rest(tools, tools.values.pick(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])),
    isEcho,
  ),
  kind(
    'upload',
    3,
    (tools) => {
      const body = upload.subarray(0, tools.values.between(1, UPLOAD_BYTES_MAX));
      return { ...rest(tools, 'POST'), body };
    },
    isEcho,
  ),
  kind(
    'caller who leaves before the head',
    4,
    (tools) => ({ ...model(tools, 'late'), leaveAfterMs: tools.values.between(1, 60) }),
    hasLeft,
  ),
  kind(
    'caller who leaves in mid-stream',
    4,
    (tools) => {
      const leaveAfterBytes = tools.values.between(1, 8_000);
      return { ...model(tools, 'endless'), leaveAfterBytes };
    },
    hasLeft,
  ),
  kind(
    'caller whose deadline passes',
    3,
    (tools) => {
      const asked = model(tools, 'late');
      const headers = { ...asked.headers, 'x-deadline-ms': String(tools.values.between(20, 300)) };
      return { ...asked, headers };
    },
    isRefusal(504, 'DEADLINE_EXCEEDED'),
  ),
  kind(
    'path without a route',
    4,
    ({ values }) => ({ method: 'GET', path: `/${values.make('nowhere')}` }),
    isRefusal(404, 'NO_ROUTE'),
  ),
  kind(
    'refusal passed on',
    4,
    (tools) => ({ ...rest(tools, 'POST'), headers: tools.values.fields('missing'), body: '{}' }),
    ({ code, end, status }) => end === 'whole' && status === 404 && code === '',
  ),
  {
    name: 'method of its own',
    weight: 3,
    async run({ caller, values }) {
      const head = `${values.make('BREW').toUpperCase()} /rest/${values.make('pot')} HTTP/1.1`;
      const lines = `Host: h\r\nx-play: echo\r\nConnection: close\r\n`;
      const answer = await rawAnswer(caller.port, `${head}\r\n${lines}\r\n`);
      return /^HTTP\/1\.1 (?:200|501) /.test(answer) ? undefined : answer.slice(0, 200);
    },
  },
  {
    name: 'no HTTP at all',
    weight: 2,
    async run({ caller, values }) {
      const answer = await rawAnswer(caller.port, `${values.make('garbage')}: \u0001\r\n\r\n`);
      return answer.startsWith('HTTP/1.1 400 ') ? undefined : answer.slice(0, 200);
    },
  },
];
