import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../core/header-list.ts';
import { seededRandom } from '../core/random.ts';
import { SalesforceOrg } from './salesforce/salesforce-org.ts';
import type { SimulatedService } from './simulated-service.ts';
import { StandaloneSimulator } from './standalone.ts';

/** Answers with the path that it was asked for. */
const echo: SimulatedService = {
  open: ({ path }) => ({
    status: 200,
    headers: [],
    streamed: false,
    ending: 'end',
    steps: [{ afterMs: 0, bytes: path }],
  }),
};

function pathSeenFor(path: string): unknown {
  const simulator = new StandaloneSimulator([['/salesforce', echo]]);
  const request = { method: 'GET', path, headers: HeaderList.empty, body: '' };
  const [step] = simulator.open(request, seededRandom(1), 0).steps;
  return step?.bytes;
}

describe('a simulator of several services', () => {
  it('takes its prefix off the path of each', () => {
    deepEqual(
      ['/salesforce', '/salesforce/', '/salesforce/a/b?c', '/salesforce?c'].map(pathSeenFor),
      ['/', '/', '/a/b?c', '/?c'],
    );
  });

  it('leaves all other paths to the providers of models', () => {
    const simulator = new StandaloneSimulator([['/salesforce', new SalesforceOrg()]]);
    const open = (path: string): number =>
      simulator.open(
        { method: 'GET', path, headers: HeaderList.empty, body: '' },
        seededRandom(1),
        0,
      ).status;
    equal(open('/v1/models'), 200);
    equal(open('/salesforces'), 404);
    equal(open('/salesforce/services/oauth2/token'), 400);
  });
});
