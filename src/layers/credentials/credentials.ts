// Puts the stored credentials of an upstream into each attempt, in the place of whatever the caller
// has sent; a route without stored ones passes untouched. What is fetched and when is decided in
// token-life.ts; what becomes of one attempt, in token-attempt.ts.
// Invariant: an attempt whose route names stored credentials never goes out with the caller's own.

import { attemptOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderEdit } from '../../core/header-edit.ts';
import type { Layer, Service } from '../../core/layer.ts';
import type { Sink } from '../../core/sink.ts';
import { defaultCredentialsOptions } from './options.ts';
import type { CredentialsOptions } from './options.ts';
import type { Credentials } from './stored-credentials.ts';
import { TokenAttempt } from './token-attempt.ts';
import type { AttemptContext } from './token-attempt.ts';

/** What the layer is given. */
export interface CredentialsDeps {
  readonly clock: Clock;
  readonly credentials: Credentials;
}

/** Stands below the choice of an endpoint: `call.route` says whose credentials are needed. */
export function credentialsLayer(
  deps: CredentialsDeps,
  options: CredentialsOptions = defaultCredentialsOptions,
): Layer {
  const { clock, credentials } = deps;
  const { observer } = credentials;
  return {
    name: 'credentials',
    wrap(next) {
      const context: AttemptContext = { clock, observer, options, next };
      return (call, sink) => {
        const name = call.route.credential;
        if (name === undefined) next(call, sink);
        else attempt(context, credentials, name, call, sink);
      };
    },
  };
}

function attempt(
  context: AttemptContext,
  credentials: Credentials,
  name: string,
  call: Call,
  sink: Sink,
): void {
  const credential = credentials.of(name);
  switch (credential?.kind) {
    case 'token':
      new TokenAttempt(context, credential.cache, call, sink).begin();
      break;
    case 'fixed':
      send(context.next, credential.edit, call, sink);
      break;
    case 'file': {
      const edit = credential.secret.ask(context.clock.now());
      if (edit === undefined) sink.fail(credential.secret.failure());
      else send(context.next, edit, call, sink);
      break;
    }
    default:
      // A reload has taken them away while the call was waiting for its turn.
      sink.fail(gone(name));
  }
}

function send(next: Service, edit: HeaderEdit, call: Call, sink: Sink): void {
  const headers = edit.apply(call.headers);
  next(attemptOf(call, call.attempt, call.cancellation, { headers }), sink);
}

function gone(name: string): CallError {
  const detail = `${name}: The configuration holds no credentials of this name any more.`;
  return new CallError('CREDENTIALS_UNAVAILABLE', { detail, retryAfterMs: 1_000 });
}
