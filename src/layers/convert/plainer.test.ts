// Upstreams that refuse what most take: the call is put in plainer words, once, and only the
// refusal that asks for it is kept from the caller.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checked } from '../../core/checked.ts';
import type { Conversion, ConvertedRequest, PlainerConversion } from '../../core/conversion.ts';
import { CallError } from '../../core/errors.ts';
import { HeaderList } from '../../core/header-list.ts';
import { stack } from '../../core/layer.ts';
import { BufferBudget, ReplayBody } from '../../core/replay-body.ts';
import { Sweep } from '../../core/sweep.ts';
import { RecordingSink, ScriptedService, testCall, VirtualClock } from '../../testing/index.ts';
import type { ServiceScript } from '../../testing/index.ts';
import { convertLayer } from './convert.ts';
import { REFUSAL_BYTES_MAX } from './plainer-sinks.ts';

class Words implements Conversion {
  taken = 0;
  readonly #plainer: PlainerConversion = {
    request: (_call, body) => words(`${Buffer.from(body).toString()} plainly`, undefined),
    isAskedBy: (refusal) => refusal.includes('flourish'),
    taken: () => {
      this.taken += 1;
    },
  };

  request(_call: unknown, body: Uint8Array): ConvertedRequest {
    return words(`${Buffer.from(body).toString()} with a flourish`, this.#plainer);
  }
}

function words(text: string, plainer: PlainerConversion | undefined): ConvertedRequest {
  return {
    path: '/words',
    headers: HeaderList.empty,
    body: Buffer.from(text),
    dropped: ['style'],
    counted: ['style'],
    answer: undefined,
    plainer,
  };
}

const refusal = { status: 400, chunks: ['{"error":"no ', 'flourish here"}'] };

function rig(script: ServiceScript, body: ReplayBody | string = 'hi') {
  const clock = new VirtualClock();
  const upstream = new ScriptedService(clock, script);
  const bodies = new BufferBudget(1_000_000);
  const heard: string[] = [];
  const observer = {
    dropped: (name: string) => heard.push(`${name} dropped`),
    refused: (name: string) => heard.push(`${name} refused`),
  };
  const conversion = new Words();
  const layer = convertLayer({ bodies, clock, sweep: new Sweep(clock), observer });
  const service = stack([layer], upstream.service, { between: checked });
  const call = testCall({ body, route: { conversion } });
  const sink = new RecordingSink();
  service(call, sink);
  const sent = (): string[] => upstream.calls.map(({ bodyText }) => bodyText);
  return { bodies, call, clock, conversion, heard, sent, sink, upstream };
}

describe('a refusal that asks for plainer words', () => {
  for (const status of [400, 422]) {
    it(`is answered by sending the call once more, and learned from: ${status}`, () => {
      const { bodies, conversion, heard, sent, sink } = rig([
        { ...refusal, status },
        { chunks: ['fine'] },
      ]);
      assert.deepEqual(sent(), ['hi with a flourish', 'hi plainly']);
      assert.deepEqual(sink.story, ['start 200', 'chunk 4', 'end']);
      assert.equal(sink.head?.headers.get('x-holdfast-dropped'), 'style');
      assert.equal(conversion.taken, 1);
      assert.deepEqual(heard, ['test-upstream dropped']);
      assert.equal(bodies.usedBytes, 0);
    });
  }

  it('is not learned from when the plainer words are refused as well, and is shown then', () => {
    const { conversion, sent, sink } = rig(refusal);
    assert.equal(sent().length, 2);
    assert.equal(sink.status, 400);
    assert.equal(sink.text, '{"error":"no flourish here"}');
    assert.equal(conversion.taken, 0);
  });

  it('is shown where the caller’s own body is gone', () => {
    const body = ReplayBody.from(Buffer.from('hi'));
    const { sent, sink } = rig((_call, index) => {
      if (index === 0) body.commit();
      return refusal;
    }, body);
    assert.equal(sent().length, 1);
    assert.equal(sink.text, '{"error":"no flourish here"}');
    assert.equal(sink.ended, true);
  });

  it('says nothing to a caller who left meanwhile, and sends nothing', () => {
    const { call, clock, sent, sink } = rig({ ...refusal, endAfterMs: 10 });
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    clock.advance(20);
    assert.deepEqual(sink.story, ['fail CALLER_GONE']);
    assert.equal(sent().length, 1);
  });
});

describe('any other answer', () => {
  it('passes: another refusal', () => {
    const { sent, sink } = rig({ status: 400, chunks: ['no such', ' model'] });
    assert.equal(sent().length, 1);
    assert.deepEqual(sink.story, ['start 400', 'chunk 13', 'end']);
    assert.equal(rig({ status: 400 }).sink.story.join(), 'start 400,end');
  });

  it('passes: another status with those words', () => {
    const { sent, sink } = rig({ ...refusal, status: 500 });
    assert.equal(sent().length, 1);
    assert.equal(sink.status, 500);
  });

  it('passes: a refusal that is too long to be one', () => {
    const long = 'x'.repeat(REFUSAL_BYTES_MAX + 1);
    const { clock, sent, sink } = rig({
      status: 400,
      chunks: [long, { afterMs: 10, bytes: 'flourish' }],
    });
    assert.equal(sink.text.length, long.length, 'no more than that is held');
    clock.advance(20);
    assert.equal(sink.text, `${long}flourish`);
    assert.equal(sink.ended, true);
    assert.equal(sent().length, 1);
  });

  it('fails with a refusal that broke', () => {
    const { sent, sink } = rig({ ...refusal, ending: 'RESET' });
    assert.equal(sent().length, 1);
    assert.deepEqual(sink.story, ['fail RESET']);
  });
});

describe('a defect behind the plainer words', () => {
  it('ends the call, and is heard', () => {
    const clock = new VirtualClock();
    const upstream = new ScriptedService(clock, { headAfterMs: 10, ...refusal });
    const bodies = new BufferBudget(1_000_000);
    let sends = 0;
    const layer = convertLayer({ bodies, clock, sweep: new Sweep(clock) });
    const service = layer.wrap((call, sink) => {
      sends += 1;
      if (sends === 2) throw new TypeError('a defect below');
      upstream.service(call, sink);
    });
    const call = testCall({ body: 'hi', route: { conversion: new Words() } });
    const sink = new RecordingSink();
    service(call, sink);
    assert.throws(() => clock.advance(10), /a defect below/);
    assert.deepEqual(sink.story, ['fail BUG']);
    assert.equal(bodies.usedBytes, 0);
  });
});
