import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderList } from '../core/header-list.ts';
import type { Framing } from '../core/sink.ts';
import { Dice, makeMessage } from './fuzz.fixture.ts';
import type { ResponseHead } from './head.ts';
import { RequestHead } from './head.ts';
import { readWithLlhttp } from './llhttp.fixture.ts';
import { readWithCodec } from './message-reader.fixture.ts';
import { chunkPrefix, requestHeadText, responseHeadText, trailerText } from './serializer.ts';

const headers = HeaderList.of([
  ['Host', 'caller.example'],
  ['X-Key', 'v'],
  ['Connection', 'keep-alive'],
  ['Content-Length', '7'],
]);

describe('a serialised request head', () => {
  const cases: [Framing, number, string, string][] = [
    ['none', -1, '', ''],
    ['length', 9, '', 'Content-Length: 9\r\n'],
    ['length', 0, '', 'Content-Length: 0\r\n'],
    ['chunked', -1, '', 'Transfer-Encoding: chunked\r\n'],
    ['none', -1, 'A: 1\r\nB: 2\r\n', 'A: 1\r\nB: 2\r\n'],
  ];
  for (const [framing, length, extra, lines] of cases) {
    test(`with framing ${framing} ${length} and ${extra.length} extra bytes is whole`, () => {
      assert.equal(
        requestHeadText('POST', '/p?q', 'up.example:81', headers, framing, length, extra),
        `POST /p?q HTTP/1.1\r\nHost: up.example:81\r\nX-Key: v\r\n${lines}\r\n`,
      );
    });
  }
});

describe('a serialised response head', () => {
  const cases: [number, Framing, number, string][] = [
    [200, 'length', 9, 'Content-Length: 9\r\n'],
    [200, 'chunked', -1, 'Transfer-Encoding: chunked\r\n'],
    [200, 'until-close', -1, ''],
    // An answer to HEAD and a 304 pass on the length they announce.
    [200, 'none', -1, 'Content-Length: 7\r\n'],
    [304, 'none', -1, 'Content-Length: 7\r\n'],
    [204, 'none', -1, ''],
    [103, 'none', -1, ''],
  ];
  for (const [status, framing, length, line] of cases) {
    test(`${status} with framing ${framing} has ${line.trim() || 'no framing field'}`, () => {
      assert.equal(
        responseHeadText(status, 'Why', 1, headers, framing, length, ''),
        `HTTP/1.1 ${status} Why\r\nX-Key: v\r\n${line}\r\n`,
      );
    });
  }

  test('can be of HTTP/1.0 and without a reason', () => {
    const text = responseHeadText(599, '', 0, HeaderList.empty, 'until-close', -1, 'X: y\r\n');
    assert.equal(text, 'HTTP/1.0 599 \r\nX: y\r\n\r\n');
  });

  test('announces no length that is not a number', () => {
    const odd = HeaderList.of([['Content-Length', '5, 5']]);
    assert.equal(responseHeadText(200, 'OK', 1, odd, 'none', -1, ''), 'HTTP/1.1 200 OK\r\n\r\n');
  });
});

test('chunk prefixes are sizes in hexadecimal', () => {
  for (const size of [1, 9, 10, 15, 16, 4095, 4096, 65_536, 3, 2 ** 40]) {
    assert.equal(chunkPrefix(size), `${size.toString(16)}\r\n`);
  }
});

test('trailer text holds the lines that may go on', () => {
  const trailers = HeaderList.of([
    ['X-Sum', '1'],
    ['Connection', 'x'],
  ]);
  assert.equal(trailerText(trailers), 'X-Sum: 1\r\n');
});

/** Writes a head again as the gateway would and returns what llhttp reads from it. */
function rewritten(head: RequestHead | ResponseHead): string {
  const { framing, contentLength } = head;
  if (head instanceof RequestHead) {
    const authority = head.authority === '' ? 'h' : head.authority;
    const { method, target } = head;
    return requestHeadText(method, target, authority, head.headers, framing, contentLength, '');
  }
  return responseHeadText(head.status, head.reason, 1, head.headers, framing, contentLength, '');
}

for (const requestMethod of [undefined, 'GET', 'HEAD']) {
  const side = requestMethod === undefined ? 'request' : 'response';
  test(`a ${side} written again (${requestMethod}) is one message with the same body`, () => {
    let compared = 0;
    for (let seed = 0; seed < 3000; seed += 1) {
      const text = makeMessage(new Dice(seed), side);
      const { heads, messages } = readWithCodec([Buffer.from(text, 'latin1')], requestMethod);
      const head = heads[0];
      const message = messages[0];
      if (head === undefined || message === undefined) continue;
      const chunked = `${chunkPrefix(message.body.length)}${message.body}\r\n0\r\n\r\n`;
      const frames = message.body === '' ? '0\r\n\r\n' : chunked;
      const body = head.framing === 'chunked' ? frames : message.body;
      const again = Buffer.from(rewritten(head) + body, 'latin1');
      const reading = readWithLlhttp([again], requestMethod);
      const where = JSON.stringify([text, again.toString('latin1')]);
      assert.equal(reading.messages.length, 1, where);
      assert.equal(reading.messages[0]?.body, message.body, where);
      assert.doesNotMatch(reading.messages[0]?.fields.join('\n') ?? '', /connection|^te$/im);
      compared += 1;
    }
    assert.ok(compared > 1000, `${compared} compared`);
  });
}
