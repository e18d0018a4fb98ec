// A simulated org and a caller who knows its ways, for tests.

import { HeaderList } from '../../core/header-list.ts';
import { seededRandom } from '../../core/random.ts';
import type { HeaderPair } from '../service-headers.ts';
import type { ServiceAnswer } from '../simulated-service.ts';
import type { OrgOptions } from './org-options.ts';
import { SalesforceOrg } from './salesforce-org.ts';

/** 2026-11-20T12:00:00Z. */
export const WALL_MS = 1_795_176_000_000;

/** An answer with its steps read. */
export interface ReadAnswer {
  readonly status: number;
  readonly type: string;
  readonly headers: HeaderPair[];
  readonly ending: ServiceAnswer['ending'];
  readonly streamed: boolean;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON; `undefined` when it is none. */
  readonly json: unknown;
  readonly waitMs: number;
}

/** One org, a caller and a clock that is moved by hand. */
export class OrgRig {
  readonly org: SalesforceOrg;
  wallMs: number = WALL_MS;
  token: string = '';
  readonly #random = seededRandom(5);

  constructor(options: Partial<OrgOptions> = {}) {
    this.org = new SalesforceOrg(options);
  }

  /** Asks for a token. */
  grant(form: Record<string, string> = {}, headers: readonly HeaderPair[] = []): ReadAnswer {
    const usual = {
      grant_type: 'client_credentials',
      client_id: 'sim-client',
      client_secret: 'sim-secret',
    };
    const body = new URLSearchParams({ ...usual, ...form }).toString();
    const type: HeaderPair = ['content-type', 'application/x-www-form-urlencoded'];
    return this.send('POST', '/services/oauth2/token', [type, ...headers], body);
  }

  /** Gets a token for the calls that follow. */
  logIn(): this {
    const { access_token: token } = this.grant().json as { access_token: string };
    this.token = token;
    return this;
  }

  /** Calls the API with everything that it wants, and `fields` instead where they differ. */
  call(path: string, body: unknown, fields: Record<string, string | undefined> = {}): ReadAnswer {
    const all: Record<string, string | undefined> = {
      authorization: `Bearer ${this.token}`,
      'content-type': 'application/json;charset=utf-8',
      'x-sfdc-app-context': 'EinsteinGPT',
      'x-client-feature-id': 'ai-platform-models-connected-app',
      ...fields,
    };
    const headers = Object.entries(all).flatMap(([name, value]): HeaderPair[] =>
      value === undefined ? [] : [[name, value]],
    );
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.send('POST', path, headers, text);
  }

  /** Any request at all. */
  send(method: string, path: string, fields: readonly HeaderPair[], body: string): ReadAnswer {
    const request = { method, path, headers: HeaderList.of(fields), body };
    return readAnswer(this.org.open(request, this.#random, this.wallMs));
  }
}

/** Reads an answer to its end, waiting for nothing. */
export function readAnswer(answer: ServiceAnswer): ReadAnswer {
  let waitMs = 0;
  const parts: Uint8Array[] = [];
  for (const { afterMs, bytes } of answer.steps) {
    waitMs += afterMs;
    parts.push(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
  }
  const { status, headers, ending, streamed } = answer;
  const bytes = Buffer.concat(parts);
  const text = bytes.toString('utf8');
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? '';
  return { status, type, headers, ending, streamed, bytes, text, json: jsonOf(text), waitMs };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
