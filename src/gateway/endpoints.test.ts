import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readProxySettings } from '../transport/proxy-settings.ts';
import { loadConfig } from './config/load.ts';
import type { UpstreamSettings } from './config/settings.ts';
import { EndpointTable } from './endpoints.ts';

function upstream(inside: string): UpstreamSettings {
  const route = '{ match: { path: /** }, upstreams: [u] }';
  const text = `upstreams: { u: { ${inside} } }\nroutes: [${route}]`;
  const { settings, lines } = loadConfig(
    { name: 'f', text },
    { env: {}, readText: () => '-----BEGIN' },
  );
  const found = settings?.upstreams.get('u');
  assert.ok(found, lines.join('\n'));
  return found;
}

const proxies = readProxySettings({ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'near.example' });

describe('endpoints', () => {
  it('hold the parts of their address', () => {
    const [endpoint] = new EndpointTable(readProxySettings({})).of(
      upstream('endpoints: ["https://api.example.com/base/"]'),
    );
    assert.deepEqual(endpoint, {
      key: 'https://api.example.com:443/base',
      secure: true,
      host: 'api.example.com',
      port: 443,
      authority: 'api.example.com',
      basePath: '/base',
      ca: undefined,
      proxy: undefined,
    });
  });

  it('take IPv6 addresses without their brackets', () => {
    const [endpoint] = new EndpointTable(readProxySettings({})).of(
      upstream('endpoints: ["http://[::1]:8080"]'),
    );
    assert.deepEqual([endpoint?.host, endpoint?.port], ['::1', 8080]);
    assert.equal(endpoint?.authority, '[::1]:8080');
  });

  it('go through the proxy of the environment, unless told otherwise', () => {
    const table = new EndpointTable(proxies);
    const proxyOf = (inside: string): unknown => table.of(upstream(inside))[0]?.proxy;
    assert.equal(proxyOf('endpoints: ["https://far.example"]'), 'http://p:1');
    assert.equal(proxyOf('endpoints: ["https://near.example"]'), undefined);
    assert.equal(proxyOf('endpoints: ["https://far.example"], proxy: none'), undefined);
    assert.equal(proxyOf('endpoints: ["https://near.example"], proxy: "http://q:2"'), 'http://q:2');
  });

  it('are shared by upstreams that reach the same place in the same way, and only by them', () => {
    const table = new EndpointTable(readProxySettings({}));
    const [a] = table.of(upstream('endpoints: ["https://x.example"]'));
    const [b] = table.of(upstream('endpoints: ["https://x.example"], dialect: anthropic'));
    const [c] = table.of(upstream('endpoints: ["https://x.example"], ca: own.pem'));
    const [d] = table.of(upstream('endpoints: ["https://x.example/base"]'));
    assert.equal(a, b);
    const keys = [a, c, d].map((endpoint) => endpoint?.key);
    assert.equal(new Set(keys).size, 3);
    assert.deepEqual(table.all, [a, c, d]);
  });
});
