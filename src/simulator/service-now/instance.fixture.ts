// A simulated instance on a port of its own, and requests to it, for its tests.

import { seededRandom } from '../../core/random.ts';
import { serviceNowInstance } from './service-now-instance.ts';
import type {
  InstanceAddress,
  ServiceNowDeps,
  ServiceNowInstance,
} from './service-now-instance.ts';

/** The `Authorization` field of the one user that there is. */
export const BASIC = `Basic ${Buffer.from('integration:integration').toString('base64')}`;

/** One answer, read to its end. */
export interface Read {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The document, `{}` for anything else. */
  readonly json: {
    readonly result?: unknown;
    readonly error?: { readonly message: string; readonly detail: string | null };
    readonly status?: string;
  };
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** An instance and requests to it. Ends by `close`. */
export interface InstanceRig {
  readonly instance: ServiceNowInstance;
  readonly address: InstanceAddress;
  /** Asks at a path; as the one user, unless told. */
  ask(path: string, options?: RequestInit): Promise<Read>;
  close(): Promise<void>;
}

/** Starts an instance whose queries take no time, unless told. */
export async function startInstance(deps: ServiceNowDeps = {}): Promise<InstanceRig> {
  const instance = serviceNowInstance({ random: seededRandom(7), queryMs: 0, rows: 50, ...deps });
  const address = await instance.listen();
  return {
    instance,
    address,
    ask: (path, options = {}) => readAt(`${address.url}${path}`, options),
    close: () => instance.close(),
  };
}

async function readAt(url: string, options: RequestInit): Promise<Read> {
  const headers = { authorization: BASIC, ...(options.headers as Record<string, string>) };
  const answer = await fetch(url, { ...options, headers });
  const text = await answer.text();
  const isJson = text !== '' && answer.headers.get('content-type')?.includes('json') === true;
  const json = (isJson ? JSON.parse(text) : {}) as Read['json'];
  const rows = Array.isArray(json.result) ? (json.result as Read['rows']) : [];
  return { status: answer.status, headers: answer.headers, text, json, rows };
}
