// From the addresses of an upstream to the endpoints the transport works with, including which
// forward proxy stands between (HTTPS_PROXY, HTTP_PROXY and NO_PROXY as curl reads them).

import type { Endpoint } from '../core/route.ts';
import type { Environment } from './config/interpolate.ts';
import type { UpstreamSettings } from './config/settings.ts';

/** The endpoints of an upstream, in the order they were written. */
export function endpointsOf(upstream: UpstreamSettings, env: Environment): Endpoint[] {
  return upstream.endpoints.map((url) => endpointOf(url, upstream, env));
}

function endpointOf(url: URL, upstream: UpstreamSettings, env: Environment): Endpoint {
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const { proxy } = upstream;
  const chosen = proxy === 'env' ? proxyFromEnvironment(url, port, env) : proxy;
  return {
    key: `${url.protocol}//${url.hostname}:${port}`,
    secure,
    host,
    port,
    authority: url.host,
    basePath: url.pathname.endsWith('/') ? url.pathname.slice(0, -1) : url.pathname,
    ca: upstream.ca,
    proxy: chosen instanceof URL ? chosen.href.replace(/\/$/, '') : undefined,
  };
}

function proxyFromEnvironment(url: URL, port: number, env: Environment): URL | undefined {
  const secure = url.protocol === 'https:';
  // Upper-case HTTP_PROXY is not read: CGI lets a caller set it by a Proxy header (httpoxy).
  const told = secure ? (env['https_proxy'] ?? env['HTTPS_PROXY']) : env['http_proxy'];
  if (told === undefined || told === '') return undefined;
  if (isExcepted(url.hostname, port, env['no_proxy'] ?? env['NO_PROXY'] ?? '')) return undefined;
  const text = told.includes('://') ? told : `http://${told}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Whether NO_PROXY names this host: exactly, by a parent domain, with a port, or all by `*`. */
function isExcepted(host: string, port: number, list: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return list.split(',').some((entry) => {
    const rule = entry.trim().toLowerCase();
    if (rule === '' || rule === '*') return rule === '*';
    const withPort = /^(.*[^:]):(\d+)$/.exec(rule);
    if (withPort !== null && Number(withPort[2]) !== port) return false;
    const domain = (withPort?.[1] ?? rule).replace(/^\*?\./, '').replace(/^\[|\]$/g, '');
    return name === domain || name.endsWith(`.${domain}`);
  });
}
