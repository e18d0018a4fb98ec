import { deepEqual, equal, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { RecordingSink } from '../testing/recording-sink.ts';
import { ScriptedService } from '../testing/scripted-service.ts';
import { testCall } from '../testing/test-call.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { checked } from './checked.ts';
import type { Layer, Service } from './layer.ts';
import { canonicalOrder, stack } from './layer.ts';

function layer(name: string, passed: string[] = []): Layer {
  return {
    name,
    wrap: (next) => (call, sink) => {
      passed.push(name);
      next(call, sink);
    },
  };
}

const nobody: Service = () => {};

describe('stack', () => {
  it('puts the first layer outermost and ends at the terminal service', () => {
    const passed: string[] = [];
    const terminal = new ScriptedService(new VirtualClock());
    const service = stack(
      canonicalOrder.map((name) => layer(name, passed)),
      terminal.service,
    );
    const sink = new RecordingSink();
    service(testCall(), sink);
    deepEqual(passed, [...canonicalOrder]);
    equal(sink.ended, true);
  });

  it('takes any selection of layers in the canonical order and no other order', () => {
    fc.assert(
      fc.property(fc.subarray([...canonicalOrder]), fc.nat(), fc.nat(), (chosen, a, b) => {
        stack(
          chosen.map((name) => layer(name)),
          nobody,
        );
        if (chosen.length < 2) return;
        const [from, to] = [a % chosen.length, b % chosen.length];
        if (from === to) return;
        const swapped = [...chosen];
        swapped[from] = chosen[to] as (typeof chosen)[number];
        swapped[to] = chosen[from] as (typeof chosen)[number];
        throws(
          () =>
            stack(
              swapped.map((name) => layer(name)),
              nobody,
            ),
          /must stand outside/,
        );
      }),
    );
  });

  it('names both layers of a wrong order, and refuses a layer twice', () => {
    throws(
      () => stack([layer('timeouts'), layer('observe')], nobody),
      /layer "observe" must stand outside "timeouts", not inside it/,
    );
    throws(() => stack([layer('observe'), layer('observe')], nobody), /must stand outside/);
  });

  it('refuses a layer it does not know', () => {
    throws(() => stack([layer('surprise')], nobody), /"surprise" is not in the canonical order/);
  });

  it('takes any order when told to', () => {
    const passed: string[] = [];
    stack([layer('timeouts', passed), layer('mine', passed)], nobody, { anyOrder: true })(
      testCall(),
      new RecordingSink(),
    );
    deepEqual(passed, ['timeouts', 'mine']);
  });

  it('puts a check between every two layers and above the outermost', () => {
    const below: string[] = [];
    const between = (name: string): Layer => {
      below.push(name);
      return checked(name);
    };
    const broken: Layer = {
      name: 'timeouts',
      wrap: () => (_call, sink) => sink.end(),
    };
    const service = stack([layer('observe'), broken], nobody, { between });
    deepEqual(below, ['terminal', 'timeouts', 'observe']);
    throws(() => service(testCall(), new RecordingSink()), /"end" from timeouts while waiting/);
  });
});
