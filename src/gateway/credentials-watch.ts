// What happens to stored credentials, for the log: failures with their reason, and what a person
// should look at. No secret is among it; the layer sees to that.

import type { CredentialsObserver } from '../layers/credentials/credentials-observer.ts';
import type { ProcessLog } from './process-log.ts';

/** What a warning means, and what to do. */
const warnings: Readonly<Record<Parameters<CredentialsObserver['warned']>[1], string>> = {
  'many-refreshes':
    'tokens are renewed more than ten times an hour; look at their life and at who answers 401',
  'opaque-token':
    'the token is opaque, and this API answers 404 to all but JSON Web Tokens; let the client issue JWT-based access tokens, with the scope sfap_api',
  'clock-skew': 'the clock of the token endpoint and ours are more than 5 s apart',
  'many-failures':
    'no token came for the third time in a row; look at the token endpoint or the helper program',
};

/** Passes everything on and writes it down. */
export function credentialsWatch(
  observer: CredentialsObserver,
  log: Pick<ProcessLog, 'info' | 'warn' | 'debug'>,
): CredentialsObserver {
  return {
    ...observer,
    refreshed(name, tookMs, lifetimeMs) {
      observer.refreshed(name, tookMs, lifetimeMs);
      log.debug({ upstream: name, tookMs: Math.round(tookMs), lifetimeMs }, 'a new token');
    },
    refreshFailed(name, failure, consecutive) {
      observer.refreshFailed(name, failure, consecutive);
      const { cause, words, explanation } = failure;
      log.warn({ upstream: name, cause, words, explanation, consecutive }, 'no token came');
    },
    warned(name, what) {
      observer.warned(name, what);
      log.warn({ upstream: name }, warnings[what]);
    },
    fileUnreadable(name, file) {
      observer.fileUnreadable(name, file);
      const { path, fault, inUse } = file;
      const then = inUse ? 'what it held before is used' : 'calls are refused until it is there';
      log.warn({ upstream: name, file: path }, `the file with the secret ${fault}; ${then}`);
    },
  };
}
