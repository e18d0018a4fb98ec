// The body of a gateway process started by `gateway-process.ts`: configuration from the first
// argument, its addresses to the parent.

import { startGateway } from '../../src/gateway/gateway.ts';

const config = JSON.parse(process.argv[2] ?? '{}') as Record<string, unknown>;
const gateway = await startGateway({ config, env: process.env });
process.send?.({ url: gateway.url, adminUrl: gateway.adminUrl });
// Heap and buffers in use after a collection, in bytes.
process.on('message', () => {
  for (let times = 0; times < 2; times += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ usedBytes: heapUsed + external });
});
process.on('disconnect', () => process.exit(0));
