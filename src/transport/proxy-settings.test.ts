import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Environment } from './proxy-settings.ts';
import { proxyFor, readProxySettings } from './proxy-settings.ts';

const secure = { secure: true, host: 'api.example.com', port: 443 };
const plain = { secure: false, host: 'api.example.com', port: 80 };

function through(environment: Environment, endpoint = secure): string | undefined {
  return proxyFor(readProxySettings(environment), endpoint);
}

describe('the forward proxy of an endpoint', () => {
  it('is none without settings', () => {
    assert.equal(through({}), undefined);
    assert.equal(through({ HTTPS_PROXY: '  ' }), undefined);
  });

  it('depends on the scheme', () => {
    const environment = { HTTPS_PROXY: 'http://s:1', HTTP_PROXY: 'http://p:2' };
    assert.equal(through(environment, secure), 'http://s:1');
    assert.equal(through(environment, plain), 'http://p:2');
    assert.equal(through({ HTTP_PROXY: 'http://p:2' }, secure), undefined);
  });

  it('prefers lower-case names, and the scheme over ALL_PROXY', () => {
    assert.equal(
      through({ HTTPS_PROXY: 'http://upper', https_proxy: 'http://lower' }),
      'http://lower',
    );
    assert.equal(through({ ALL_PROXY: 'http://all' }), 'http://all');
    assert.equal(through({ ALL_PROXY: 'http://all', HTTPS_PROXY: 'http://s' }), 'http://s');
  });

  const rules: readonly (readonly [string, string, number, boolean])[] = [
    // NO_PROXY, host, port, goes straight
    ['*', 'api.example.com', 443, true],
    ['example.com', 'api.example.com', 443, true],
    ['.example.com', 'api.example.com', 443, true],
    ['*.example.com', 'api.example.com', 443, true],
    ['example.com', 'example.com', 443, true],
    ['example.com', 'notexample.com', 443, false],
    ['API.Example.COM', 'api.example.com', 443, true],
    ['example.com:8443', 'api.example.com', 443, false],
    ['example.com:8443', 'api.example.com', 8443, true],
    ['other.org, example.com', 'api.example.com', 443, true],
    ['other.org example.com', 'api.example.com', 443, true],
    ['other.org', 'api.example.com', 443, false],
    ['10.0.0.7', '10.0.0.7', 443, true],
    ['10.0.0.0/8', '10.0.0.7', 443, false],
    ['::2', '[::2]', 443, true],
    ['[::2]:8443', '[::2]', 443, false],
    ['[::2]:443', '[::2]', 443, true],
    ['example.com', 'api.example.com.', 443, true],
    [',,', 'api.example.com', 443, false],
  ];
  for (const [exceptions, host, port, straight] of rules) {
    it(`NO_PROXY "${exceptions}" ${straight ? 'covers' : 'does not cover'} ${host}:${port}`, () => {
      const environment = { HTTPS_PROXY: 'http://s', NO_PROXY: exceptions };
      const endpoint = { secure: true, host, port };
      assert.equal(through(environment, endpoint), straight ? undefined : 'http://s');
    });
  }

  it('never leads back to this machine', () => {
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      assert.equal(
        through({ HTTPS_PROXY: 'http://s' }, { secure: true, host, port: 1 }),
        undefined,
      );
    }
    const lookalike = { secure: true, host: '127.example.com', port: 443 };
    assert.equal(through({ HTTPS_PROXY: 'http://s' }, lookalike), 'http://s');
  });
});
