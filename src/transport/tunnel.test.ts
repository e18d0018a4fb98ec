import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../core/errors.ts';
import { defaultHeadLimits } from '../http1/head.ts';
import { Tunnel } from './tunnel.ts';

const target = { host: 'api.example.com', port: 443 };

function open(proxy: string, to = target): Tunnel {
  const tunnel = Tunnel.toward(proxy, to, defaultHeadLimits);
  assert.ok(tunnel instanceof Tunnel);
  return tunnel;
}

function outcomeOf(...answers: string[]): string {
  const tunnel = open('http://proxy:3128');
  let outcome: 'more' | 'open' | CallError = 'more';
  for (const answer of answers) {
    assert.equal(outcome, 'more');
    outcome = tunnel.read(Buffer.from(answer));
  }
  return outcome instanceof CallError ? (outcome.detail ?? '') : outcome;
}

describe('a tunnel', () => {
  it('asks for the target by name and port', () => {
    const tunnel = open('http://proxy:3128');
    assert.deepEqual(tunnel.proxy, { host: 'proxy', port: 3128 });
    assert.equal(
      tunnel.request,
      'CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n',
    );
  });

  it('takes a proxy without scheme or port', () => {
    assert.deepEqual(open('proxy').proxy, { host: 'proxy', port: 80 });
  });

  it('puts IPv6 targets in brackets', () => {
    assert.match(open('http://p', { host: '::1', port: 443 }).request, /^CONNECT \[::1\]:443 /);
  });

  it('sends credentials of the setting, decoded', () => {
    const line = /Proxy-Authorization: Basic (\S+)\r\n/.exec(open('http://u%40x:p%3A@p').request);
    assert.equal(Buffer.from(line?.[1] ?? '', 'base64').toString(), 'u@x:p:');
  });

  for (const setting of ['https://proxy', 'socks5://proxy', 'http://%zz:x@proxy', 'http://[']) {
    it(`refuses the setting ${setting}`, () => {
      const refusal = Tunnel.toward(setting, target, defaultHeadLimits);
      assert.ok(refusal instanceof CallError);
      assert.equal(refusal.code, 'PROXY_REFUSED');
      assert.doesNotMatch(refusal.message, /zz/);
    });
  }

  it('stands after a 2xx, however it is cut', () => {
    const answer = 'HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n';
    assert.equal(outcomeOf(answer), 'open');
    assert.equal(outcomeOf(...answer.split('')), 'open');
  });

  it('reports what the proxy said instead', () => {
    assert.match(outcomeOf('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'), /407 Proxy Auth/);
    assert.match(outcomeOf('SSH-2.0-OpenSSH\r\n\r\n'), /version|HTTP/);
  });

  it('refuses bytes behind the answer', () => {
    assert.match(outcomeOf('HTTP/1.1 200 OK\r\n\r\nhello'), /behind/);
  });
});
