// From the addresses of an upstream to the endpoints the transport works with.

import type { Endpoint } from '../core/route.ts';
import { proxyFor } from '../transport/proxy-settings.ts';
import type { ProxySettings } from '../transport/proxy-settings.ts';
import type { UpstreamSettings } from './config/settings.ts';

/** Makes endpoints whose keys are unique among all upstreams of one configuration. */
export class EndpointTable {
  readonly all: Endpoint[] = [];
  readonly #proxies: ProxySettings;
  readonly #byKey = new Map<string, Endpoint>();

  constructor(proxies: ProxySettings) {
    this.#proxies = proxies;
  }

  /** The endpoints of an upstream, in the order they were written. */
  of(upstream: UpstreamSettings): Endpoint[] {
    return upstream.endpoints.map((url) => this.#share(endpointOf(url, upstream, this.#proxies)));
  }

  /** Upstreams that reach the same place in the same way share its connections. */
  #share(endpoint: Endpoint): Endpoint {
    for (let number = 1; ; number += 1) {
      const key = number === 1 ? endpoint.key : `${endpoint.key}#${number}`;
      const known = this.#byKey.get(key);
      if (known === undefined) {
        const added = { ...endpoint, key };
        this.#byKey.set(key, added);
        this.all.push(added);
        return added;
      }
      if (known.ca === endpoint.ca && known.proxy === endpoint.proxy) return known;
    }
  }
}

function endpointOf(url: URL, upstream: UpstreamSettings, proxies: ProxySettings): Endpoint {
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const basePath = url.pathname.endsWith('/') ? url.pathname.slice(0, -1) : url.pathname;
  return {
    // The path belongs to the key, because the transport takes it for part of the place.
    key: `${url.protocol}//${url.hostname}:${port}${basePath}`,
    secure,
    host,
    port,
    authority: url.host,
    basePath,
    ca: upstream.ca,
    proxy: proxyOf(upstream, proxyFor(proxies, { secure, host, port })),
  };
}

function proxyOf(
  { proxy }: UpstreamSettings,
  fromEnvironment: string | undefined,
): string | undefined {
  if (proxy === 'env') return fromEnvironment;
  return proxy === 'none' ? undefined : proxy.href.replace(/\/$/, '');
}
