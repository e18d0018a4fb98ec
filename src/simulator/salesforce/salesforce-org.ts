// A simulated Salesforce org: its token endpoint and both surfaces of its Models API, on one
// origin. Checks what the real API checks before a model is asked: path, token, the two header
// fields, content type, model. Owns the org's tokens and its rate; the rest is made per request.

import type { Random } from '../../core/random.ts';
import { seededRandom } from '../../core/random.ts';
import type { PlanRequest } from '../answer-plan.ts';
import { readJsonObject } from '../json.ts';
import { mediaTypeOf } from '../simulated-service.ts';
import type { ServiceAnswer, SimulatedService } from '../simulated-service.ts';
import { actionNamed, documentedAnswer, feedbackAnswer } from './documented-surface.ts';
import { nativeAnswer } from './native-surface.ts';
import { orgModelNamed } from './org-models.ts';
import type { OrgModel } from './org-models.ts';
import { defaultOrgOptions } from './org-options.ts';
import type { OrgOptions } from './org-options.ts';
import { jsonAnswer, overRate, refusalAnswer, refuse } from './org-refusal.ts';
import type { OrgRefusal, OrgVoice } from './org-refusal.ts';
import { OrgTokens } from './org-tokens.ts';
import { tokenAnswer } from './token-endpoint.ts';

/** Where tokens are asked for. */
export const TOKEN_PATH = '/services/oauth2/token';
const REVOKE_PATH = '/services/oauth2/revoke';
const FEEDBACK_PATH = '/einstein/platform/v1/feedback';
const DOCUMENTED = /^\/einstein\/platform\/v1\/models\/([^/]+)\/([a-z-]+)$/;
const NATIVE = /^\/ai\/gpt\/v1\/model\/([^/]+)\/(invoke|invoke-with-response-stream)$/;
const MINUTE_MS = 60_000;

const requiredFields = ['x-sfdc-app-context', 'x-client-feature-id'];

/** One org. */
export class SalesforceOrg implements SimulatedService {
  readonly tokens: OrgTokens;
  /** Directives for every request for a token, such as `[[head=60m]]` or `[[status=500]]`. */
  tokenWishes: string = '';
  /** Tokens granted or refused so far. */
  tokenRequests: number = 0;
  readonly #options: OrgOptions;
  #minute: number = 0;
  #generations: number = 0;

  constructor(options: Partial<OrgOptions> = {}) {
    this.#options = { ...defaultOrgOptions, ...options };
    this.tokens = new OrgTokens(this.#options);
  }

  open(request: PlanRequest, random: Random, wallMs: number): ServiceAnswer {
    const own = seededRandom(Math.floor(random.next() * 4_294_967_296));
    const [path = ''] = request.path.split('?');
    if (path === TOKEN_PATH) {
      this.tokenRequests += 1;
      return tokenAnswer(request, this.tokens, this.#options, this.tokenWishes, own, wallMs);
    }
    if (path === REVOKE_PATH) return this.#revoke(request);
    const native = NATIVE.exec(path);
    const documented = DOCUMENTED.exec(path);
    const action = actionNamed(documented?.[2]);
    const known = native !== null || path === FEEDBACK_PATH || action !== undefined;
    if (!known) return refusalAnswer('core', refuse(404, 'NOT_FOUND', 'The URL does not exist'));
    const surface = native === null ? 'documented' : 'native';
    const refusal = this.#refusalOf(request, wallMs);
    if (refusal !== undefined) return refusalAnswer(refusal.voice ?? surface, refusal.refusal);
    const body = readJsonObject(request.body);
    if (body === undefined) return refusalAnswer(surface, badBody);
    if (path === FEEDBACK_PATH) return feedbackAnswer(body, own);
    const model = modelIn(native?.[1] ?? documented?.[1] ?? '', native !== null);
    if ('refused' in model) return refusalAnswer(surface, model);
    if (!this.#withinRate(wallMs)) return refusalAnswer(surface, overRate);
    if (native !== null || action === undefined) {
      return nativeAnswer(native?.[2] !== 'invoke', model, body, this.#options, own);
    }
    return documentedAnswer(action, model, body, this.#options, own, wallMs);
  }

  #revoke({ body }: PlanRequest): ServiceAnswer {
    const token = new URLSearchParams(body).get('token') ?? '';
    if (token === '') {
      return refusalAnswer('token', refuse(400, 'unsupported_token_type', 'token is missing'));
    }
    this.tokens.revoke(token);
    return jsonAnswer(200, '');
  }

  /** What is wrong before the body is looked at, and who says so. */
  #refusalOf(
    request: PlanRequest,
    wallMs: number,
  ): { readonly refusal: OrgRefusal; readonly voice?: OrgVoice } | undefined {
    const { headers, method } = request;
    const token = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? '';
    switch (this.tokens.stateOf(token, wallMs)) {
      case 'good':
        break;
      case 'opaque':
        // Tokens that are not made for this API are not even told to be wrong.
        return { refusal: refuse(404, 'NOT_FOUND', 'Not Found') };
      default:
        return {
          refusal: refuse(401, 'INVALID_SESSION_ID', 'Session expired or invalid'),
          voice: 'core',
        };
    }
    if (method !== 'POST') return { refusal: refuse(405, 'METHOD_NOT_ALLOWED', 'Use POST') };
    const missing = requiredFields.find((name) => !headers.has(name));
    if (missing !== undefined) {
      return { refusal: refuse(400, 'BAD_ARGUMENT', `Missing header: ${missing}`, 'E30001') };
    }
    if (mediaTypeOf(headers) === 'application/json') return undefined;
    return { refusal: refuse(415, 'UNSUPPORTED_MEDIA_TYPE', 'Use application/json') };
  }

  #withinRate(wallMs: number): boolean {
    const minute = Math.floor(wallMs / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#generations = 0;
    }
    this.#generations += 1;
    return this.#generations <= this.#options.generationsPerMinute;
  }
}

const badBody = refuse(400, 'BAD_ARGUMENT', 'The body is not a JSON object', 'E30020');

function modelIn(encoded: string, native: boolean): OrgModel | OrgRefusal {
  let name = encoded;
  try {
    name = decodeURIComponent(encoded);
  } catch {
    // No model has such a name.
  }
  const model = orgModelNamed(name);
  if (model !== undefined && (!native || model.claude)) return model;
  return refuse(404, 'NOT_FOUND', `The model ${name} does not exist.`, 'E30010');
}
