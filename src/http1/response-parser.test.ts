import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { ResponseHead } from './head.ts';
import { defaultHeadLimits, HttpFault } from './head.ts';
import { parseResponseHead } from './response-parser.ts';

function parse(text: string, method = 'GET'): ResponseHead | HttpFault {
  const bytes = Buffer.from(text, 'latin1');
  return parseResponseHead(bytes, 0, bytes.length, defaultHeadLimits, method);
}

function accepted(text: string, method = 'GET'): ResponseHead {
  const head = parse(text, method);
  assert.ok(!(head instanceof HttpFault), JSON.stringify(head));
  return head;
}

function answer(start: string, ...lines: string[]): string {
  return [`HTTP/${start}`, ...lines, '', ''].join('\r\n');
}

describe('a response head', () => {
  test('is read in full', () => {
    const head = accepted(answer('1.1 200 OK', 'Content-Length: 12', 'X-Id: 7'));
    assert.deepEqual([head.status, head.reason, head.minor], [200, 'OK', 1]);
    assert.deepEqual([head.framing, head.contentLength, head.keepAlive], ['length', 12, true]);
    assert.equal(head.headers.forwardable(), 'X-Id: 7\r\n');
  });

  const reasons: [string, string][] = [
    ['1.1 404 Not Found', 'Not Found'],
    ['1.1 404 ', ''],
    ['1.1 404', ''],
    ['1.1 404  spaced\tout ', ' spaced\tout '],
    ['1.1 404 caf\xe9', 'caf\xe9'],
  ];
  for (const [start, reason] of reasons) {
    test(`with the status line ${JSON.stringify(start)} has its reason`, () => {
      assert.equal(accepted(answer(start)).reason, reason);
    });
  }

  test('with status 101 is exposed and its connection is not reused', () => {
    const head = accepted(answer('1.1 101 X', 'Connection: upgrade', 'Upgrade: websocket'));
    assert.deepEqual([head.status, head.framing, head.keepAlive], [101, 'none', false]);
  });
});

describe('the framing of a response', () => {
  const length = 'Content-Length: 5';
  const chunks = 'Transfer-Encoding: chunked';
  const cases: [string, string, string[], string, number, boolean][] = [
    ['GET', '1.1 200 OK', [length], 'length', 5, true],
    ['GET', '1.1 200 OK', ['Content-Length: 0'], 'length', 0, true],
    ['GET', '1.1 200 OK', [chunks], 'chunked', -1, true],
    ['GET', '1.1 200 OK', [], 'until-close', -1, false],
    ['GET', '1.1 200 OK', ['Connection: keep-alive'], 'until-close', -1, false],
    ['GET', '1.1 200 OK', [length, 'Connection: close'], 'length', 5, false],
    ['GET', '1.0 200 OK', [length], 'length', 5, false],
    ['GET', '1.0 200 OK', [length, 'Connection: keep-alive'], 'length', 5, true],
    ['GET', '1.0 200 OK', ['Connection: keep-alive'], 'until-close', -1, false],
    ['HEAD', '1.1 200 OK', [length], 'none', -1, true],
    ['HEAD', '1.1 200 OK', [chunks], 'none', -1, true],
    ['HEAD', '1.1 200 OK', [], 'none', -1, true],
    ['head', '1.1 200 OK', [], 'until-close', -1, false],
    ['GET', '1.1 204 X', [], 'none', -1, true],
    ['GET', '1.1 204 X', ['Content-Length: 0'], 'none', -1, true],
    ['GET', '1.1 204 X', [length], 'none', -1, false],
    ['GET', '1.1 204 X', [chunks], 'none', -1, false],
    ['GET', '1.1 205 X', [length], 'length', 5, true],
    ['GET', '1.1 304 X', [length], 'none', -1, true],
    ['GET', '1.1 100 Continue', [], 'none', -1, true],
    ['GET', '1.1 103 X', ['Link: a'], 'none', -1, true],
    ['CONNECT', '1.1 200 OK', [], 'none', -1, false],
    ['CONNECT', '1.1 407 X', [length], 'length', 5, true],
  ];
  for (const [method, start, lines, framing, contentLength, keepAlive] of cases) {
    test(`of ${method} with ${[start, ...lines].join(', ')} is ${framing}`, () => {
      const head = accepted(answer(start, ...lines), method);
      assert.deepEqual(
        [head.framing, head.contentLength, head.keepAlive],
        [framing, contentLength, keepAlive],
      );
    });
  }
});

describe('Keep-Alive', () => {
  const cases: [string[], number, number][] = [
    [[], -1, -1],
    [['Keep-Alive: timeout=5, max=1000'], 5000, 1000],
    [['Keep-Alive: max=1000,timeout=5'], 5000, 1000],
    [['keep-alive: Timeout = 15 '], 15_000, -1],
    [['Keep-Alive: timeout=0, max=0'], 0, 0],
    [['Keep-Alive: timeout=99999999999'], 86_400_000, -1],
    [['Keep-Alive: timeout=x, max=7'], -1, 7],
    [['Keep-Alive: timeout, x=1, max=-7'], -1, -1],
    [['Keep-Alive: 300'], -1, -1],
    [['Keep-Alive: timeout="5"'], -1, -1],
    [['Keep-Alive: =5,,timeout=6'], 6000, -1],
    [['Keep-Alive: ((( timeout=6'], -1, -1],
    [['Keep-Alive:'], -1, -1],
  ];
  for (const [lines, timeoutMs, max] of cases) {
    test(`${lines.join() || 'absent'} hints ${timeoutMs} ms and ${max} requests`, () => {
      const head = accepted(answer('1.1 200 OK', ...lines));
      assert.deepEqual([head.keepAliveTimeoutMs, head.keepAliveMax], [timeoutMs, max]);
    });
  }

  test('of one head says nothing about the next', () => {
    accepted(answer('1.1 200 OK', 'Keep-Alive: timeout=5, max=9'));
    const head = accepted(answer('1.1 200 OK'));
    assert.deepEqual([head.keepAliveTimeoutMs, head.keepAliveMax], [-1, -1]);
  });
});

test('the parser survives any bytes in any range', () => {
  const alphabet = fc.constantFrom(13, 10, 32, 9, 58, 47, 72, 84, 80, 46, 49, 50, 48, 0, 255);
  const start = fc.constantFrom(
    '',
    'HTTP/1.1',
    'HTTP/1.1 200',
    'HTTP/1.1 2',
    'HTTP/1.1 200 OK\r\n',
  );
  const tail = Buffer.from('\r\n\r\n');
  fc.assert(
    fc.property(start, fc.array(alphabet, { maxLength: 40 }), fc.nat(8), (line, raw, over) => {
      const bytes = Buffer.concat([Buffer.from(line), Buffer.from(raw), tail]);
      const whole = parseResponseHead(bytes, 0, bytes.length, defaultHeadLimits, 'GET');
      if (!(whole instanceof HttpFault)) assert.ok(whole.status >= 100 && whole.status < 600);
      const beyond = parseResponseHead(bytes, 0, bytes.length + 1 + over, defaultHeadLimits, 'GET');
      assert.ok(beyond instanceof HttpFault);
    }),
  );
});
