// Entry point of a worker process; started by worker-link.ts and by nobody else.

import { Worker } from './worker.ts';

new Worker().run();
