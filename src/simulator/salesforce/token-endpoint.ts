// POST /services/oauth2/token of a simulated org: the four grants that gateways use, and the
// refusals they have to live with. Directives in the client id or user name (`app[[head=1m]]`,
// `app[[status=503]]`) make it slow or fail; with [[cut@0]] it closes without an answer.
// Source of forms and errors: the reference on Salesforce, section 1.

import type { Random } from '../../core/random.ts';
import { seededRandom } from '../../core/random.ts';
import { readDirectives, withoutDirectives } from '../directives.ts';
import type { Directives } from '../directives.ts';
import type { PlanRequest } from '../answer-plan.ts';
import { mediaTypeOf } from '../simulated-service.ts';
import type { ServiceAnswer } from '../simulated-service.ts';
import type { OrgOptions } from './org-options.ts';
import { jsonAnswer, refusalAnswer, refusalWithStatus, refuse } from './org-refusal.ts';
import type { OrgRefusal } from './org-refusal.ts';
import { assertedClient } from './org-tokens.ts';
import type { OrgTokens } from './org-tokens.ts';

/** A token that was granted. */
interface Grant {
  readonly clientId: string;
  readonly refreshToken: string | undefined;
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** Answers one request for a token. `extraWishes` are directives of the org itself. */
export function tokenAnswer(
  request: PlanRequest,
  tokens: OrgTokens,
  options: OrgOptions,
  extraWishes: string,
  random: Random,
  wallMs: number,
): ServiceAnswer {
  if (request.method !== 'POST') {
    return refusalAnswer('token', refuse(400, 'invalid_request', 'must use HTTP POST'));
  }
  if (mediaTypeOf(request.headers) !== 'application/x-www-form-urlencoded') {
    return refusalAnswer(
      'token',
      refuse(400, 'unsupported_grant_type', 'grant type not supported'),
    );
  }
  const form = formOf(request);
  const own = seededRandom(Math.floor(random.next() * 4_294_967_296));
  const wishes = readDirectives(
    `${extraWishes} ${form.get('client_id') ?? ''} ${form.get('username') ?? ''}`,
  );
  if (typeof wishes === 'string') {
    return refusalAnswer('token', refuse(400, 'invalid_request', wishes));
  }
  const spoilt = spoiltAnswer(wishes, own);
  if (spoilt !== undefined) return spoilt;
  const afterMs = wishes.headMs ?? 0;
  const grant = grantFor(form, tokens, options, own);
  if ('refused' in grant) return refusalAnswer('token', grant, undefined, afterMs);
  const told = {
    access_token: tokens.issue(grant.clientId, own, wallMs),
    refresh_token: grant.refreshToken,
    signature: 'c2ltdWxhdGVk',
    scope: 'sfap_api api',
    instance_url: options.instanceUrl,
    id: 'https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA',
    token_type: 'Bearer',
    issued_at: `${wallMs}`,
    api_instance_url: 'https://api.salesforce.com',
    expires_in: options.tellsExpiry ? Math.floor(options.tokenLifeMs / 1000) : undefined,
  };
  return jsonAnswer(200, JSON.stringify(told), afterMs);
}

/** What the directives make of the answer, when they do not leave it alone. */
function spoiltAnswer(wishes: Directives, random: Random): ServiceAnswer | undefined {
  if (wishes.odds !== undefined && random.next() >= wishes.odds) return undefined;
  const afterMs = wishes.headMs ?? 0;
  if (wishes.fault?.kind === 'cut') {
    const headers = jsonAnswer(200, '').headers;
    const steps = [{ afterMs, bytes: '{"access_token":"' }];
    return { status: 200, headers, streamed: false, ending: 'cut', steps };
  }
  if (wishes.status === undefined) return undefined;
  return refusalAnswer('token', refusalWithStatus(wishes.status), wishes.retryAfter, afterMs);
}

/** The form, with the client from the `Authorization` field where it stands there. */
function formOf(request: PlanRequest): Map<string, string> {
  const form = new Map(new URLSearchParams(request.body));
  const basic = /^Basic +([\w+/=-]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
  if (basic === undefined) return form;
  const [id = '', ...secret] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  form.set('client_id', decoded(id));
  form.set('client_secret', decoded(secret.join(':')));
  return form;
}

/** Both parts are form-encoded (RFC 6749 2.3.1); what is not is taken as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function grantFor(
  form: ReadonlyMap<string, string>,
  tokens: OrgTokens,
  options: OrgOptions,
  random: Random,
): Grant | OrgRefusal {
  const grantType = form.get('grant_type') ?? '';
  const bearer = grantType === JWT_BEARER;
  const named = bearer ? assertedClient(form.get('assertion') ?? '') : form.get('client_id');
  if (bearer && named === '') return refuse(400, 'invalid_grant', 'invalid assertion');
  const clientId = withoutDirectives(named ?? '');
  const secret = options.clients.get(clientId);
  if (secret === undefined) {
    return refuse(400, 'invalid_client_id', 'client identifier invalid');
  }
  if (!bearer && form.get('client_secret') !== secret) {
    return refuse(400, 'invalid_client', 'invalid client credentials');
  }
  switch (grantType) {
    case 'client_credentials':
    case JWT_BEARER:
      return { clientId, refreshToken: undefined };
    case 'password': {
      const given = withoutDirectives(form.get('username') ?? '') !== '' && form.has('password');
      const wrong = !given || form.get('password') === 'wrong';
      if (wrong) return refuse(400, 'invalid_grant', 'authentication failure');
      return { clientId, refreshToken: undefined };
    }
    case 'refresh_token': {
      const next = tokens.refresh(form.get('refresh_token') ?? '', random);
      if (next === undefined) {
        return refuse(400, 'invalid_grant', 'expired access/refresh token');
      }
      return { clientId, refreshToken: options.rotatesRefreshTokens ? next : undefined };
    }
    default:
      return refuse(400, 'unsupported_grant_type', 'grant type not supported');
  }
}
