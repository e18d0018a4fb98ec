// The edge suite on the node-http edge.

import { phaseSuite } from './phases.ts';
import { requestSuite } from './requests.ts';
import { responseSuite } from './responses.ts';

requestSuite('node-http');
responseSuite('node-http');
phaseSuite('node-http');
