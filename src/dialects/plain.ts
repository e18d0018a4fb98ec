import type { Dialect } from '../core/dialect.ts';

export const plainDialect: Dialect = {
  name: 'plain',
  scannerFor: () => undefined,
  renderError: (error, callId) => ({
    status: error.status,
    contentType: 'application/json',
    body: JSON.stringify({ error: { code: error.code, message: error.message, callId } }),
  }),
  inStreamError: () => undefined,
  heartbeat: () => undefined,
};
