// The edge suite on the own edge.

import { phaseSuite } from './phases.ts';
import { requestSuite } from './requests.ts';
import { responseSuite } from './responses.ts';

requestSuite('own');
responseSuite('own');
phaseSuite('own');
