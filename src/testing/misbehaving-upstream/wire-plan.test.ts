import { deepEqual, equal, ok } from 'node:assert/strict';
import * as http from 'node:http';
import { after, before, describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Answer, Behaviour, Point } from './behaviour.ts';
import * as b from './behaviours.ts';
import { eventsAnswer } from './built-in-answers.ts';
import { MisbehavingUpstream } from './misbehaving-upstream.ts';
import type { Op } from './wire-plan.ts';
import { wireOps } from './wire-plan.ts';

const context = { method: 'POST', requestVersion: '1.1', announceClose: false };

function ops(behaviour: Behaviour, answer: Answer = eventsAnswer(4)): Op[] {
  return [...wireOps(behaviour, answer, context)];
}

function written(list: readonly Op[]): string {
  return list.map((op) => (op.do === 'write' ? op.bytes.toString('latin1') : '')).join('');
}

describe('wire plan', () => {
  it('ends at the operation that ends the connection, and says which point it had reached', () => {
    const points: Point[] = ['before-head', 'head:3', 'after-head', 'event:2', 'byte:30', 'end'];
    for (const point of points) {
      const list = ops(b.cut('rst', point));
      equal(list.at(-1)?.do, 'rst', point);
      deepEqual(list.at(-2), { do: 'mark', point });
    }
  });

  it('sends exactly the bytes before the point', () => {
    equal(written(ops(b.cut('fin', 'head:12'))), 'HTTP/1.1 200');
    const whole = written(ops({}));
    for (const point of ['after-head', 'event:1', 'byte:25', 'before-end'] as const) {
      const part = written(ops(b.cut('fin', point)));
      ok(part.length < whole.length && whole.startsWith(part), point);
    }
  });

  it('goes on after a wait, and keeps pauses where steps have them', () => {
    const list = ops(b.pausing('event:2', 70), eventsAnswer(2, 5));
    const waits = list.filter((op) => op.do === 'wait').map((op) => op.ms);
    deepEqual(waits, [5, 70, 5]);
    equal(list.at(-1)?.do, 'done');
  });

  it('never fires a fault at an event that does not come', () => {
    equal(ops(b.cut('rst', 'event:99')).at(-1)?.do, 'done');
  });

  it('writes each step by itself when told to, and everything at once otherwise', () => {
    equal(ops({}).filter((op) => op.do === 'write').length, 1);
    const turns = ops({ writes: 'each' }).filter((op) => op.do === 'turn');
    equal(turns.length, 5);
  });

  it('has no body for HEAD and statuses without one', () => {
    const head = wireOps({}, eventsAnswer(3), { ...context, method: 'HEAD' });
    ok(written([...head]).endsWith('\r\n\r\n'));
    const empty = written(ops({}, { ...eventsAnswer(3), status: 204 }));
    ok(!empty.includes('data:'));
  });

  it('stays lazy: an endless body is planned only as far as it is asked for', () => {
    const endless: Answer = {
      status: 200,
      headers: [],
      steps: {
        *[Symbol.iterator]() {
          for (;;) yield { afterMs: 1, bytes: 'x' };
        },
      },
    };
    let seen = 0;
    for (const op of wireOps({}, endless, context)) {
      if (op.do === 'write') seen += 1;
      if (seen === 50) break;
    }
    equal(seen, 50);
  });
});

describe('wire plan against the parser of Node', () => {
  let upstream: MisbehavingUpstream;
  const agent = new http.Agent({ keepAlive: true });
  before(async () => {
    upstream = await MisbehavingUpstream.listen();
  });
  after(async () => {
    agent.destroy();
    await upstream.close();
  });

  const fetchWhole = (): Promise<{ status: number | undefined; body: string }> => {
    const { promise, resolve, reject } =
      Promise.withResolvers<Awaited<ReturnType<typeof fetchWhole>>>();
    const request = http.request({ port: upstream.port, method: 'POST', agent }, (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode, body }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end('{}');
    return promise;
  };

  it('is understood as what was meant, in every framing and pace', async () => {
    const piece = fc.string({ minLength: 0, maxLength: 40, unit: 'binary-ascii' });
    const shape = fc.record<Behaviour>(
      {
        framing: fc.constantFrom('length', 'chunked', 'until-close'),
        writes: fc.constantFrom('merged', 'each'),
        trickle: fc.record({
          bytes: fc.integer({ min: 20, max: 90 }),
          everyMs: fc.constant(0),
          part: fc.constantFrom('head', 'body', 'all'),
        }),
        interim: fc.constant([{ status: 103 }]),
        close: fc.boolean(),
        keepAlive: fc.constant('timeout=5'),
      },
      { requiredKeys: [] },
    );
    const status = fc.constantFrom(200, 201, 404, 529);
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 6 }),
        shape,
        status,
        async (texts, how, code) => {
          const steps = texts.map((bytes) => ({ afterMs: 0, bytes }));
          upstream.use({ ...how, answer: { status: code, headers: [], steps } });
          deepEqual(await fetchWhole(), { status: code, body: texts.join('') });
        },
      ),
      { numRuns: 150 },
    );
  });
});
