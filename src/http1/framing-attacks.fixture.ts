// Known attacks on where a request body ends, by name, with the one answer we give to each.
// Collected from the published work on request smuggling (CL.TE, TE.CL, TE.TE, CL.0, chunk tricks)
// and the advisories of parsers that were fooled.

import type { HttpFault } from './head.ts';

/** One attack and what must come of it. */
export interface Attack {
  readonly name: string;
  readonly text: string;
  /** Code of the fault, or the start lines of the messages that may be read from it. */
  readonly outcome: HttpFault['code'] | readonly string[];
}

const BAD = 'BAD_REQUEST';
const UNSUPPORTED = 'NOT_SUPPORTED';
const NEXT = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n';

/** An entry of a table; a fault of the common kind unless told otherwise. */
export function attack(name: string, text: string, outcome: Attack['outcome'] = BAD): Attack {
  return { name, text, outcome };
}

/** A POST with these field lines (each given with its line end) and what follows the head. */
function post(lines: string, rest = ''): string {
  return `POST / HTTP/1.1\r\nHost: h\r\n${lines}\r\n${rest}`;
}

function chunked(body: string): string {
  return post('Transfer-Encoding: chunked\r\n', body);
}

function lengthOf(value: string): string {
  return post(`Content-Length:${value}\r\n`, `12345${NEXT}`);
}

function codingOf(line: string): string {
  return post(`${line}\r\n`, `0\r\n\r\n${NEXT}`);
}

/** Two readings of where the body ends. */
export const framingAttacks: readonly Attack[] = [
  attack('CL.TE', post('Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\nG')),
  attack(
    'TE.CL',
    post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', '12\r\nGPOST\r\n0\r\n\r\n'),
  ),
  attack(
    'CL.TE with equal meaning',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
  ),
  attack(
    'CL.TE, coding unknown',
    post('Content-Length: 5\r\nTransfer-Encoding: x\r\n', '12345'),
    UNSUPPORTED,
  ),
  attack('CL.CL different', post('Content-Length: 5\r\nContent-Length: 6\r\n', '123456')),
  attack('CL.CL equal', post('Content-Length: 5\r\nContent-Length: 5\r\n', '12345')),
  attack('CL.CL in one list', lengthOf(' 5, 5')),
  attack('CL.CL in one list without space', lengthOf(' 5,5')),
  attack('CL.CL different case', post('Content-Length: 5\r\ncONTENT-lENGTH: 0\r\n', '12345')),
  attack('CL with plus', lengthOf(' +5')),
  attack('CL with minus', lengthOf(' -5')),
  attack('CL minus zero', lengthOf(' -0')),
  attack('CL hexadecimal', lengthOf(' 0x5')),
  attack('CL with exponent', lengthOf(' 5e0')),
  attack('CL with fraction', lengthOf(' 5.0')),
  attack('CL empty', lengthOf('')),
  attack('CL blank', lengthOf('   ')),
  attack('CL quoted', lengthOf(' "5"')),
  attack('CL with inner space', lengthOf(' 1 5')),
  attack('CL with leading HTAB', lengthOf('\t5')),
  attack('CL with trailing HTAB', lengthOf(' 5\t')),
  attack('CL with trailing space', lengthOf(' 5 ')),
  attack('CL with vertical tab', lengthOf(' \x0b5')),
  attack('CL with form feed', lengthOf(' 5\x0c')),
  attack('CL with NUL', lengthOf(' 5\0')),
  attack('CL with no-break space', lengthOf(' \xa05')),
  attack('CL with underscore', lengthOf(' 1_0')),
  attack('CL beyond 2^53', lengthOf(' 9007199254740993')),
  attack('CL beyond 2^64', lengthOf(' 18446744073709551621')),
  attack('CL of 1000 digits', lengthOf(` ${'0'.repeat(999)}5`)),
  attack('CL with arabic digits in UTF-8', lengthOf(' \xd9\xa5')),
  attack('CL hidden by a space before the colon', post('Content-Length : 5\r\n', '12345')),
  attack('CL hidden by HTAB before the colon', post('Content-Length\t: 5\r\n', '12345')),
  attack('TE hidden by a space before the colon', codingOf('Transfer-Encoding : chunked')),
  attack('TE hidden by NUL in its name', codingOf('Transfer-Encoding\0: chunked')),
  attack('TE hidden by obs-text in its name', codingOf('Transfer\xadEncoding: chunked')),
  attack('TE.TE obfuscated coding', codingOf('Transfer-Encoding: xchunked'), UNSUPPORTED),
  attack('TE.TE second unknown', codingOf('Transfer-Encoding: chunked\r\nTransfer-Encoding: x')),
  attack(
    'TE.TE first unknown',
    codingOf('Transfer-Encoding: x\r\nTransfer-Encoding: chunked'),
    UNSUPPORTED,
  ),
  attack(
    'TE.TE twice the same',
    codingOf('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'),
  ),
  attack('TE chunked twice in a list', codingOf('Transfer-Encoding: chunked, chunked')),
  attack('TE chunked not last', codingOf('Transfer-Encoding: chunked, identity')),
  attack('TE gzip then chunked', codingOf('Transfer-Encoding: gzip, chunked'), UNSUPPORTED),
  attack('TE identity', codingOf('Transfer-Encoding: identity'), UNSUPPORTED),
  attack('TE with leading HTAB', codingOf('Transfer-Encoding:\tchunked')),
  attack('TE with trailing HTAB', codingOf('Transfer-Encoding: chunked\t')),
  attack('TE with vertical tab', codingOf('Transfer-Encoding: \x0bchunked')),
  attack('TE with trailing comma', codingOf('Transfer-Encoding: chunked,')),
  attack('TE with leading comma', codingOf('Transfer-Encoding: ,chunked')),
  attack('TE quoted', codingOf('Transfer-Encoding: "chunked"')),
  attack('TE with parameter', codingOf('Transfer-Encoding: chunked;q=1')),
  attack('TE empty', codingOf('Transfer-Encoding:')),
  attack('TE with bare CR', codingOf('Transfer-Encoding: chunked\rX: y')),
  attack('TE behind a bare CR', codingOf('X: y\rTransfer-Encoding: chunked')),
  attack('TE behind a bare LF', codingOf('X: y\nTransfer-Encoding: chunked')),
  attack('TE folded', codingOf('Transfer-Encoding:\r\n chunked')),
  attack('TE folded after a value', codingOf('Transfer-Encoding: chunked\r\n , identity')),
  attack('TE with HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  attack('a spelling of chunked that all agree on', codingOf('transfer-encoding:CHUNKED'), [
    'POST / 1.1',
    'GET /smuggled 1.1',
  ]),
  attack(
    'CL.0: a body where none is expected is still a body',
    `GET / HTTP/1.1\r\nHost: h\r\nContent-Length: ${NEXT.length}\r\n\r\n${NEXT}`,
    ['GET / 1.1'],
  ),
];

/** Tricks inside the chunked framing. */
export const chunkAttacks: readonly Attack[] = [
  attack('chunk size with 0x', chunked('0x5\r\nhello\r\n0\r\n\r\n')),
  attack('chunk size with leading space', chunked(' 5\r\nhello\r\n0\r\n\r\n')),
  attack('chunk size with leading HTAB', chunked('\t5\r\nhello\r\n0\r\n\r\n')),
  attack('chunk size with trailing space', chunked('5 \r\nhello\r\n0\r\n\r\n')),
  attack('chunk size with trailing HTAB', chunked('5\t\r\nhello\r\n0\r\n\r\n')),
  attack('chunk size with plus', chunked('+5\r\nhello\r\n0\r\n\r\n')),
  attack('chunk size minus one', chunked('-1\r\nhello\r\n0\r\n\r\n')),
  attack('chunk size empty', chunked('\r\nhello\r\n0\r\n\r\n')),
  attack('chunk size only an extension', chunked(';a\r\nhello\r\n0\r\n\r\n')),
  attack('chunk size with other letters', chunked('5g\r\nhello\r\n0\r\n\r\n')),
  attack('chunk size with underscore', chunked('0_5\r\nhello\r\n0\r\n\r\n')),
  attack('chunk size over 2^53', chunked('20000000000000\r\nhello\r\n0\r\n\r\n')),
  attack('chunk size over 2^64', chunked('10000000000000005\r\nhello\r\n0\r\n\r\n')),
  attack('chunk size with 16 zeros', chunked(`${'0'.repeat(16)}5\r\nhello\r\n0\r\n\r\n`)),
  attack('chunk size ends in bare LF', chunked('5\nhello\r\n0\r\n\r\n')),
  attack('chunk size ends in bare CR', chunked('5\rhello\r\n0\r\n\r\n')),
  attack('chunk size ends in CR CR LF', chunked('5\r\r\nhello\r\n0\r\n\r\n')),
  attack('chunk data without CRLF', chunked('5\r\nhello0\r\n\r\n')),
  attack('chunk data with bare LF', chunked('5\r\nhello\n0\r\n\r\n')),
  attack('chunk data with bare CR', chunked('5\r\nhello\r0\r\n\r\n')),
  attack('chunk data longer than its size', chunked('5\r\nhello!\r\n0\r\n\r\n')),
  attack('chunk data shorter than its size', chunked('5\r\nhell\r\n0\r\n\r\n')),
  attack('empty line before a chunk', chunked('\r\n5\r\nhello\r\n0\r\n\r\n')),
  attack('extension with bare LF', chunked('5;ext\nhello\r\n0\r\n\r\n')),
  attack('extension with bare LF and more', chunked('2;\nxx\r\n4c\r\n0\r\n\r\n')),
  attack('extension with bare CR', chunked('5;e\rxt\r\nhello\r\n0\r\n\r\n')),
  attack('extension with NUL', chunked('5;e\0\r\nhello\r\n0\r\n\r\n')),
  attack('extension without a name', chunked('5;\r\nhello\r\n0\r\n\r\n')),
  attack('extension after a space', chunked('5 ;a\r\nhello\r\n0\r\n\r\n')),
  attack('extension with an open quote', chunked('5;a="b\r\nhello\r\n0\r\n\r\n')),
  attack('extension with a line end in quotes', chunked('5;a="\r\n"\r\nhello\r\n0\r\n\r\n')),
  attack('extension with text after quotes', chunked('5;a="b"c\r\nhello\r\n0\r\n\r\n')),
  attack('extension with obs-text', chunked('5;a="\xff"\r\nhello\r\n0\r\n\r\n')),
  attack('extension too long', chunked(`5;${'a'.repeat(300)}\r\nhello\r\n0\r\n\r\n`)),
  attack(
    'extensions that outweigh the payload',
    chunked(`1;${'a'.repeat(250)}\r\nx\r\n`.repeat(80)),
  ),
  attack('last chunk without its line', chunked(`0\r\n${NEXT}`)),
  attack('last chunk with bare LF', chunked('0\n\n')),
  attack('last chunk ends in CR CR', chunked('0\r\n\r\r\n')),
  attack('last chunk with bare LF at its end', chunked('0\r\n\n')),
  attack('trailer with Content-Length', chunked('0\r\nContent-Length: 5\r\n\r\n')),
  attack('trailer with Transfer-Encoding', chunked('0\r\nTransfer-Encoding: chunked\r\n\r\n')),
  attack('trailer with Host', chunked('0\r\nHost: evil\r\n\r\n')),
  attack('trailer with Connection', chunked('0\r\nConnection: close\r\n\r\n')),
  attack('trailer with Proxy-Connection', chunked('0\r\nProxy-Connection: close\r\n\r\n')),
  attack('trailer with Upgrade', chunked('0\r\nUpgrade: h2c\r\n\r\n')),
  attack('trailer folded', chunked('0\r\nX: a\r\n b\r\n\r\n')),
  attack('trailer starts with a fold', chunked('0\r\n X: a\r\n\r\n')),
  attack('trailer with bare LF', chunked('0\r\nX: a\nY: b\r\n\r\n')),
  attack('trailers end in bare LF', chunked('0\r\nX: a\r\n\n')),
  attack('trailer without colon', chunked('0\r\nGET / HTTP/1.1\r\n\r\n')),
  attack('trailer with a space before its colon', chunked('0\r\nX : a\r\n\r\n')),
  attack('trailers too long', chunked(`0\r\nX: ${'a'.repeat(9000)}\r\n\r\n`), 'HEAD_TOO_LARGE'),
  attack('too many trailers', chunked(`0\r\n${'X: a\r\n'.repeat(40)}\r\n`), 'HEAD_TOO_LARGE'),
  attack('a chunk that looks like the last', chunked(`5\r\n0\r\n\r\n\r\n0\r\n\r\n${NEXT}`), [
    'POST / 1.1',
    'GET /smuggled 1.1',
  ]),
  attack('a last chunk of several zeros', chunked(`000\r\n\r\n${NEXT}`), [
    'POST / 1.1',
    'GET /smuggled 1.1',
  ]),
];
