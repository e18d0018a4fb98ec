// A gateway process in which something throws where nobody catches it.

import { runGateway } from '../../src/gateway/run.ts';

const overrides = { listen: '127.0.0.1:0', admin: '127.0.0.1:0' };
const running = runGateway({
  configFile: undefined,
  overrides,
  env: {},
  screen: process.stderr,
  command: 'holdfast',
});
setTimeout(() => {
  throw new Error('planted');
}, 300);
process.exitCode = await running;
