// The edge suite on the node-http edge.

import { requestSuite } from './requests.ts';
import { responseSuite } from './responses.ts';

requestSuite('node-http');
responseSuite('node-http');
