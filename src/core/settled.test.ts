import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecordingSink } from '../testing/recording-sink.ts';
import { testHead } from '../testing/scripted-service.ts';
import { CallError } from './errors.ts';
import { HeaderList } from './header-list.ts';
import { settled } from './settled.ts';
import { freeFlow } from './sink.ts';

describe('settled', () => {
  it('runs once at the end, before the last word goes on', () => {
    const order: string[] = [];
    const inner = new RecordingSink({ onEvent: (event) => order.push(event.type) });
    const sink = settled(inner, (error) => order.push(`settled ${error?.code ?? 'well'}`));
    sink.interim(testHead(103));
    sink.start(testHead(), freeFlow);
    sink.chunk(Buffer.from('x'));
    sink.end(HeaderList.of([['x-sum', '1']]));
    deepEqual(order, ['interim', 'start', 'chunk', 'settled well', 'end']);
    deepEqual(inner.trailers?.get('x-sum'), '1');
  });

  it('runs with the error of a failure, before and after the head', () => {
    for (const started of [false, true]) {
      const order: string[] = [];
      const inner = new RecordingSink({ onEvent: (event) => order.push(event.type) });
      const sink = settled(inner, (error) => order.push(`settled ${error?.code ?? 'well'}`));
      if (started) sink.start(testHead(), freeFlow);
      sink.fail(new CallError('RESET'));
      deepEqual(order, [...(started ? ['start'] : []), 'settled RESET', 'fail']);
    }
  });
});
