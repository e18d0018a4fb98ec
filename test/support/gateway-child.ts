// The body of a gateway process started by `gateway-process.ts`: configuration from the first
// argument, its addresses to the parent.

import { startGateway } from '../../src/gateway/gateway.ts';

const config = JSON.parse(process.argv[2] ?? '{}') as Record<string, unknown>;
const gateway = await startGateway({ config, env: process.env });
process.send?.({ url: gateway.url, adminUrl: gateway.adminUrl });
process.on('disconnect', () => process.exit(0));
