import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { FieldKind, fieldKind } from '../core/header-list.ts';
import type { RequestHead } from './head.ts';
import { defaultHeadLimits, HttpFault } from './head.ts';
import { knownFieldKind } from './known-fields.ts';
import { parseRequestHead } from './request-parser.ts';

function parse(text: string): RequestHead | HttpFault {
  const bytes = Buffer.from(text, 'latin1');
  return parseRequestHead(bytes, 0, bytes.length, defaultHeadLimits);
}

function accepted(text: string): RequestHead {
  const head = parse(text);
  assert.ok(!(head instanceof HttpFault), JSON.stringify(head));
  return head;
}

function request(...lines: string[]): string {
  return ['POST /v1/messages HTTP/1.1', 'Host: h.example', ...lines, '', ''].join('\r\n');
}

describe('a request head', () => {
  test('is read in full', () => {
    const head = accepted(request('Content-Length: 12', 'X-Key:  a b\t'));
    assert.equal(head.method, 'POST');
    assert.equal(head.target, '/v1/messages');
    assert.equal(head.authority, 'h.example');
    assert.equal(head.minor, 1);
    assert.equal(head.framing, 'length');
    assert.equal(head.contentLength, 12);
    assert.equal(head.keepAlive, true);
    assert.equal(head.expectContinue, false);
    assert.equal(head.upgrade, undefined);
    assert.deepEqual(
      [...head.headers],
      [
        ['Host', 'h.example'],
        ['Content-Length', '12'],
        ['X-Key', 'a b'],
      ],
    );
    assert.equal(head.headers.forwardable(), 'X-Key:  a b\t\r\n');
  });

  test('without fields is valid in HTTP/1.0', () => {
    const head = accepted('GET / HTTP/1.0\r\n\r\n');
    assert.deepEqual([head.minor, head.keepAlive, head.authority], [0, false, '']);
    assert.equal(head.headers.count, 0);
    assert.equal(head.framing, 'none');
    assert.equal(head.contentLength, -1);
  });

  test('with chunked framing has no length', () => {
    const head = accepted(request('Transfer-Encoding: chunked'));
    assert.deepEqual([head.framing, head.contentLength], ['chunked', -1]);
  });

  test('keeps unusual but valid methods and names as they are', () => {
    const head = accepted('m-search / HTTP/1.1\r\nHOST: h\r\nx_y!: 1\r\nX-Empty:\r\n\r\n');
    assert.equal(head.method, 'm-search');
    assert.equal(head.headers.get('x_y!'), '1');
    assert.equal(head.headers.get('x-empty'), '');
  });

  test('keeps obs-text in values', () => {
    assert.equal(accepted(request('X: caf\xe9')).headers.get('x'), 'caf\xe9');
  });
});

describe('a request target', () => {
  const cases: [string, string, string][] = [
    ['GET /a?b=c&d=%20|"{}', '/a?b=c&d=%20|"{}', 'h.example'],
    ['GET //x', '//x', 'h.example'],
    ['OPTIONS *', '*', 'h.example'],
    ['OPTIONS /x', '/x', 'h.example'],
    ['OPTIONS http://o.example:81', '*', 'o.example:81'],
    ['OPTIONS http://o.example/', '/', 'o.example'],
    ['GET http://o.example', '/', 'o.example'],
    ['GET HTTP://O.example/a/b?c', '/a/b?c', 'O.example'],
    ['GET https://o.example?c=/d', '/?c=/d', 'o.example'],
    ['GET http://[2001:db8::1]:8080/x', '/x', '[2001:db8::1]:8080'],
  ];
  for (const [line, target, authority] of cases) {
    test(`${line} is ${target} at ${authority}`, () => {
      const head = accepted(`${line} HTTP/1.1\r\nHost: h.example\r\n\r\n`);
      assert.deepEqual([head.target, head.authority], [target, authority]);
    });
  }
});

describe('the life of a caller connection', () => {
  const cases: [string, string[], boolean][] = [
    ['1.1', [], true],
    ['1.1', ['Connection: close'], false],
    ['1.1', ['Connection: CLOSE'], false],
    ['1.1', ['Connection: keep-alive, close'], false],
    ['1.1', ['Connection: x', 'Connection: close'], false],
    ['1.1', ['Connection: closed'], true],
    ['1.1', ['Proxy-Connection: close'], true],
    ['1.0', [], false],
    ['1.0', ['Connection: Keep-Alive'], true],
    ['1.0', ['Connection: ,, keep-alive\t,'], true],
    ['1.0', ['Connection: keep-alive, close'], false],
    ['1.0', ['Proxy-Connection: keep-alive'], false],
    ['1.0', ['Connection: keep-alive, upgrade', 'Upgrade: x'], false],
  ];
  for (const [version, lines, keepAlive] of cases) {
    test(`${version} with ${lines.join() || 'nothing'} ${keepAlive ? 'goes on' : 'ends'}`, () => {
      const text = [
        'GET / HTTP/',
        version,
        '\r\nHost: h\r\n',
        ...lines.map((l) => `${l}\r\n`),
        '\r\n',
      ];
      assert.equal(accepted(text.join('')).keepAlive, keepAlive);
    });
  }
});

describe('Connection', () => {
  test('keeps the fields it names on this hop', () => {
    const head = accepted(
      request(
        'Connection: close, X-Hop, AUTHORIZATION',
        'x-hop: 1',
        'Authorization: a',
        'X-End: 2',
        'X-HOP: 3',
      ),
    );
    assert.equal(head.headers.forwardable(), 'X-End: 2\r\n');
    assert.equal(head.headers.get('x-hop'), '1');
  });

  test('cannot take away the meaning of framing fields by naming them', () => {
    const head = accepted(request('Connection: content-length, host', 'Content-Length: 3'));
    assert.deepEqual(
      [head.framing, head.contentLength, head.authority],
      ['length', 3, 'h.example'],
    );
    assert.equal(head.headers.kind(2), FieldKind.contentLength);
    const chunked = accepted(
      request('Connection: transfer-encoding', 'Transfer-Encoding: chunked'),
    );
    assert.equal(chunked.framing, 'chunked');
  });

  test('does not mark anything in the next head', () => {
    accepted(request('Connection: x-a', 'X-A: 1'));
    assert.equal(accepted(request('X-A: 1')).headers.forwardable(), 'X-A: 1\r\n');
  });

  test('takes every hop-by-hop field out of what is forwarded', () => {
    const lines = [
      'Keep-Alive: a',
      'Proxy-Connection: a',
      'TE: trailers',
      'Trailer: a',
      'Upgrade: a',
    ];
    const more = [
      'Proxy-Authenticate: a',
      'Proxy-Authorization: a',
      'Expect: 100-continue',
      'X: y',
    ];
    assert.equal(accepted(request(...lines, ...more)).headers.forwardable(), 'X: y\r\n');
  });
});

describe('Expect', () => {
  test('is honoured when content follows', () => {
    assert.equal(
      accepted(request('Expect: 100-Continue', 'Content-Length: 1')).expectContinue,
      true,
    );
    assert.equal(
      accepted(request('Expect: 100-continue', 'Transfer-Encoding: chunked')).expectContinue,
      true,
    );
  });

  test('means nothing without content or in HTTP/1.0', () => {
    assert.equal(accepted(request('Expect: 100-continue')).expectContinue, false);
    assert.equal(
      accepted(request('Expect: 100-continue', 'Content-Length: 0')).expectContinue,
      false,
    );
    const old = 'POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n';
    assert.equal(accepted(old).expectContinue, false);
  });
});

describe('Upgrade', () => {
  test('counts only when Connection names it', () => {
    assert.equal(accepted(request('Upgrade: WebSocket')).upgrade, undefined);
    assert.equal(
      accepted(request('Upgrade: WebSocket', 'Connection: Upgrade')).upgrade,
      'websocket',
    );
    assert.equal(accepted(request('Connection: upgrade')).upgrade, undefined);
  });

  test('is the first protocol of a list', () => {
    const head = accepted(request('Upgrade: h2c , websocket', 'Connection: keep-alive, Upgrade'));
    assert.equal(head.upgrade, 'h2c');
  });

  test('does not exist in HTTP/1.0', () => {
    const text = 'GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n';
    assert.equal(accepted(text).upgrade, undefined);
  });
});

describe('limits of a head', () => {
  const limits = { headBytes: 80, fields: 3 };

  function code(text: string): string {
    const bytes = Buffer.from(text, 'latin1');
    const head = parseRequestHead(bytes, 0, bytes.length, limits);
    return head instanceof HttpFault ? head.code : 'accepted';
  }

  test('allow exactly the bytes they name', () => {
    const padding = 80 - request('X: ').length;
    assert.equal(code(request(`X: ${'a'.repeat(padding)}`)), 'accepted');
    assert.equal(code(request(`X: ${'a'.repeat(padding + 1)}`)), 'HEAD_TOO_LARGE');
  });

  test('allow exactly the fields they name', () => {
    assert.equal(code(request('A: 1', 'B: 2')), 'accepted');
    assert.equal(code(request('A: 1', 'B: 2', 'C: 3')), 'HEAD_TOO_LARGE');
  });
});

describe('the parser', () => {
  test('gives the same answer whatever surrounds the head in its buffer', () => {
    const byte = fc.constantFrom('\r', '\n', ' ', ':', 'a', '0', '\xff');
    const noise = fc.string({ unit: byte, maxLength: 40 });
    fc.assert(
      fc.property(noise, noise, noise, (before, inside, after) => {
        const text = request('Content-Length: 3', `X: a${inside}`);
        const bytes = Buffer.from(before + text + after, 'latin1');
        const end = before.length + text.length;
        const embedded = parseRequestHead(bytes, before.length, end, defaultHeadLimits);
        assert.deepEqual(embedded, parse(text));
      }),
    );
  });

  test('survives any bytes in any range', () => {
    const alphabet = fc.constantFrom(13, 10, 32, 9, 58, 47, 72, 84, 80, 46, 49, 65, 0, 255);
    fc.assert(
      fc.property(
        fc.array(alphabet, { maxLength: 60 }),
        fc.nat(70),
        fc.nat(70),
        (raw, from, to) => {
          const bytes = Buffer.from([...raw, 13, 10, 13, 10]);
          const head = parseRequestHead(bytes, from, to, defaultHeadLimits);
          assert.ok(head instanceof HttpFault);
        },
      ),
    );
  });

  test('keeps nothing of the buffer', () => {
    const bytes = Buffer.from(request('X-Long: the value of this field is long'), 'latin1');
    const head = parseRequestHead(bytes, 0, bytes.length, defaultHeadLimits);
    bytes.fill(0);
    assert.ok(!(head instanceof HttpFault));
    assert.equal(head.target, '/v1/messages');
    assert.equal(head.headers.get('x-long'), 'the value of this field is long');
  });
});

test('known field names are the ones core knows, in any case', () => {
  const names = [
    'connection',
    'keep-alive',
    'proxy-connection',
    'te',
    'trailer',
    'upgrade',
    'host',
  ];
  names.push('transfer-encoding', 'content-length', 'expect', 'proxy-authenticate');
  names.push('proxy-authorization', 'content-type', 'hos7', 'up-rade', 'keep_alive', 'x');
  const spelt = fc.constantFrom(...names).chain((name) => fc.mixedCase(fc.constant(name)));
  fc.assert(
    fc.property(spelt, (name) => {
      const bytes = Buffer.from(`..${name}:`);
      assert.equal(knownFieldKind(bytes, 2, 2 + name.length), fieldKind(name.toLowerCase()));
    }),
  );
  const known = names.filter((name) => fieldKind(name) !== FieldKind.endToEnd);
  assert.equal(known.length, Object.keys(FieldKind).length - 2);
});
