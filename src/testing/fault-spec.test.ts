import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../core/random.ts';
import { FaultRule, FaultSpecDefect, parseFaultSpec } from './fault-spec.ts';
import { faultTable } from './fault-table.ts';
import type { Behaviour } from './misbehaving-upstream/behaviour.ts';
import { SeenConnection, SeenRequest } from './misbehaving-upstream/seen.ts';

function rule(spec: string): FaultRule {
  const parsed = parseFaultSpec(spec);
  if (parsed instanceof FaultRule) return parsed;
  throw new Error(parsed.message);
}

function defect(spec: string): string {
  const parsed = parseFaultSpec(spec);
  ok(parsed instanceof FaultSpecDefect, `"${spec}" was taken`);
  return parsed.message;
}

function request(path = '/v1/messages', token = 'a'): SeenRequest {
  return new SeenRequest({
    index: 0,
    connection: new SeenConnection(0, 0),
    method: 'POST',
    path,
    version: '1.1',
    headers: [['authorization', token]],
    rawHead: '',
    idHeader: 'x-request-id',
    headAt: 0,
    keepBodyBytes: 0,
  });
}

const random = seededRandom(1);
const laid = (spec: string, base: Behaviour = {}, path?: string): Behaviour =>
  rule(spec).overRequest(base, request(path), random, () => 0);

function struckAt(spec: string, count: number): number[] {
  const made = rule(spec);
  const struck: number[] = [];
  for (let at = 1; at <= count; at += 1) {
    const base: Behaviour = {};
    if (made.overRequest(base, request(), random, () => 0) !== base) struck.push(at);
  }
  return struck;
}

describe('fault specification', () => {
  it('takes the example of every row of its table', () => {
    const partOf = { 'When it strikes': 'stall@end,' } as Readonly<Record<string, string>>;
    for (const { title, rows } of faultTable) {
      for (const { example, doc } of rows) {
        const needs = example.startsWith('retry-after') ? 'status:429,' : (partOf[title] ?? '');
        const spec = needs + example;
        ok(parseFaultSpec(spec) instanceof FaultRule, example);
        match(doc, /^[A-Z].*\.$/);
      }
    }
  });

  it('lays cuts and stalls at the points they name', () => {
    deepEqual(laid('rst@event:3').faults, [{ do: 'rst', at: 'event:3' }]);
    deepEqual(laid('fin@head:10, stall@before-terminal').faults, [
      { do: 'fin', at: 'head:10' },
      { do: 'stall', at: 'before-terminal' },
    ]);
    deepEqual(laid('wait@byte:5/1.5s').faults, [{ do: 'wait', at: 'byte:5', forMs: 1_500 }]);
  });

  it('keeps what was planned and the faults of rules before it', () => {
    const base: Behaviour = { thinkMs: 7, faults: [{ do: 'stall', at: 'event:9' }] };
    const behaviour = laid('rst@event:3,trickle:5/100ms', base);
    equal(behaviour.thinkMs, 7);
    equal(behaviour.faults?.length, 2);
    deepEqual(behaviour.trickle, { bytes: 5, everyMs: 100, part: 'all' });
  });

  it('refuses in the words of the dialect and asks to wait in each form', () => {
    const { answer } = laid('status:529,retry-after:2,retry-after-date:3,retry-after-ms:40');
    ok(typeof answer === 'object');
    equal(answer.status, 529);
    deepEqual(answer.headers.slice(1), [
      ['retry-after', '2'],
      ['retry-after', 'Thu, 01 Jan 1970 00:00:03 GMT'],
      ['retry-after-ms', '40'],
    ]);
    match(String([...answer.steps][0]?.bytes), /overloaded_error/);
  });

  it('takes the error event from the dialect of the path', () => {
    match(laid('error-event:3').errorEvent?.bytes ?? '', /^event: error\ndata: \{"type":"error"/);
    const chat = laid('error-event', {}, '/v1/chat/completions').errorEvent;
    match(chat?.bytes ?? '', /^data: \{"error"/);
    equal(chat?.afterEvents, 0);
  });

  it('strikes by count, by path and by chance', () => {
    deepEqual(struckAt('empty,every:3', 10), [3, 6, 9]);
    deepEqual(struckAt('empty,first:2', 10), [1, 2]);
    deepEqual(struckAt('empty,after:7', 10), [8, 9, 10]);
    deepEqual(struckAt('empty,after:2,every:2,first:6', 10), [4, 6]);
    deepEqual(struckAt('empty,path:/other', 3), []);
    const often = struckAt('empty,p=0.25', 2_000).length;
    ok(often > 400 && often < 600, `${often} of 2000`);
  });

  it('counts how often it struck', () => {
    const made = rule('empty,every:2');
    for (let at = 0; at < 5; at += 1) made.overRequest({}, request(), random, () => 0);
    equal(made.struck, 2);
  });

  it('refuses a token until it changes', () => {
    const made = rule('stale-token');
    const statusFor = (token: string): number | undefined => {
      const { answer } = made.overRequest({}, request('/', token), random, () => 0);
      return typeof answer === 'function' ? answer(request()).status : answer?.status;
    };
    deepEqual([statusFor('old'), statusFor('old'), statusFor('new')], [401, 401, undefined]);
  });

  it('lays idle ends and refused connections over connections, not over requests', () => {
    deepEqual(rule('idle-close:5s').overConnection({}, random), {
      idle: { afterMs: 5_000, how: 'fin' },
    });
    deepEqual(rule('rst@connect').overConnection({}, random), { accept: 'rst' });
    deepEqual(rule('max-requests:9').overConnection({}, random), { requestsMax: 9 });
    const base: Behaviour = {};
    equal(
      rule('rst@connect').overRequest(base, request(), random, () => 0),
      base,
    );
    const made = rule('idle-rst:1s,every:2');
    deepEqual(made.overConnection({}, random), {});
    made.overRequest({}, request(), random, () => 0);
    deepEqual(made.overRequest({}, request(), random, () => 0).idle, {
      afterMs: 1_000,
      how: 'rst',
    });
  });

  it('refuses every second connection when told so', () => {
    const made = rule('rst@connect,every:2');
    const accepted = [1, 2, 3, 4].map(() => made.overConnection({}, random).accept ?? 'serve');
    deepEqual(accepted, ['serve', 'rst', 'serve', 'rst']);
  });

  const defects: [string, RegExp][] = [
    ['rts@event:3', /"rts" is not a fault; did you mean "rst@POINT"\?/],
    ['rst@evnt:3', /rst: "evnt:3" is not a point; did you mean "event:N"\?/],
    ['rst@event', /"event" is not a point; did you mean "event:N"\?/],
    ['rst@head:ten', /"head:ten" is not a point; did you mean "head:N"\?/],
    ['rst@nowhere-at-all', /is not a point; did you mean one of connect, request/],
    ['rst:event:3', /rst is written rst@POINT, for example rst@event:3/],
    ['rst', /rst is written rst@POINT/],
    ['idle-close:5x', /idle-close: "5x" is not a duration such as 500ms, 5s or 2m/],
    ['idle-close:5', /is not a duration/],
    ['status:200', /status: "200" is not a whole number from 400 to 599/],
    ['status:', /is not a whole number/],
    ['retry-after:2', /needs a status to go with, such as status:429/],
    ['trickle:5', /"5" is not bytes per interval, such as 5\/100ms/],
    ['trickle:0/1s', /is not bytes per interval/],
    ['p=2', /"2" is not a probability from 0 to 1/],
    ['every:0', /"0" is not a whole number from 1/],
    ['empty:1', /empty: takes no value/],
    ['bad-chunk:odd', /is not size, no-crlf, negative or huge/],
    ['length:10', /is not an offset such as \+10 or -10/],
    ['half-close@connect', /half-close cannot be laid at connect/],
    ['wait@event:1', /"" is not a duration/],
    ['length:+0', /is not an offset such as \+10/],
    ['rst@event:0', /rst: "event:0" is never reached.* before them is "first-event"/],
    ['wait@event:0/1s', /wait: "event:0" is never reached/],
    ['empty,p=0', /p=0 never strikes; write a probability above 0/],
    ['empty,first:3,after:3', /first:3 ends before after:3 begins, so it never strikes/],
    ['empty,every:4,first:5,after:2', /every:4 never comes round within the 3 requests/],
    ['p=0.5', /says when to strike but not how/],
    ['path:/v1,every:2', /says when to strike but not how/],
    ['status:500,html', /status and html both take the place of the answer/],
    ['stale-token,status:500', /stale-token never strikes where status takes/],
    ['error-event,empty', /error-event needs a stream to strike, and empty leaves none/],
    ['bad-chunk:size,http10', /bad-chunk needs a chunked body to strike, and http10 leaves none/],
    ['trailers,length:+5', /trailers needs a chunked body to strike, and length leaves none/],
    ['length:-5,http10', /length needs a Content-Length to strike/],
    ['path:v1', /does not begin with "\/"/],
    ['rst@event:3,,empty', /a fault is missing between the commas/],
    ['', /a fault is missing/],
    ['completely-different', /is not a fault; see `holdfast sim --help`/],
  ];
  for (const [spec, sentence] of defects) {
    it(`refuses "${spec}" in a sentence that helps`, () => match(defect(spec), sentence));
  }
});
