// A simulated service that remembers what it was asked, whole bodies included, where `SimServer`
// lets go of them so that it can run for days.

import { systemClock } from '../../src/core/clock.ts';
import { HeaderList } from '../../src/core/header-list.ts';
import { seededRandom } from '../../src/core/random.ts';
import type { SimulatedService } from '../../src/simulator/simulated-service.ts';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import type { Answer, SeenRequest } from '../../src/testing/index.ts';

/** Starts one on a port of its own. Ends by `close`. */
export function listenRemembering(service: SimulatedService): Promise<MisbehavingUpstream> {
  const random = seededRandom(3);
  const answer = ({ method, path, headers, body }: SeenRequest): Answer => {
    const request = { method, path, headers: HeaderList.of(headers), body };
    const open = service.open(request, random, systemClock.wallNow());
    const { ending, status, steps, streamed } = open;
    return { status, headers: open.headers, streamed, broken: ending === 'cut', steps };
  };
  return MisbehavingUpstream.listen(() => ({ answer }));
}
