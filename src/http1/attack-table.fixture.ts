// Known smuggling and framing attacks, by name, with the one answer we give to each. Collected from
// the published work on request smuggling (CL.TE, TE.CL, TE.TE, CL.0, chunk and line tricks) and
// the advisories of parsers that were fooled.

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

function attack(name: string, text: string, outcome: Attack['outcome'] = BAD): Attack {
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
  attack('TE.CL', post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', '12\r\nGPOST\r\n0\r\n\r\n')),
  attack('CL.TE with equal meaning', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  attack('CL.TE, coding unknown', post('Content-Length: 5\r\nTransfer-Encoding: x\r\n', '12345'), UNSUPPORTED),
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
  attack('TE.TE first unknown', codingOf('Transfer-Encoding: x\r\nTransfer-Encoding: chunked'), UNSUPPORTED),
  attack('TE.TE twice the same', codingOf('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked')),
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
  attack('a spelling of chunked that all agree on', codingOf('transfer-encoding:CHUNKED'), ['POST / 1.1', 'GET /smuggled 1.1']),
  attack('CL.0: a body where none is expected is still a body', `GET / HTTP/1.1\r\nHost: h\r\nContent-Length: ${NEXT.length}\r\n\r\n${NEXT}`, ['GET / 1.1']),
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
  attack('extensions that outweigh the payload', chunked(`1;${'a'.repeat(250)}\r\nx\r\n`.repeat(80))),
  attack('last chunk without its line', chunked(`0\r\n${NEXT}`)),
  attack('last chunk with bare LF', chunked('0\n\n')),
  attack('last chunk ends in CR CR', chunked('0\r\n\r\r\n')),
  attack('last chunk with bare LF at its end', chunked('0\r\n\n')),
  attack('trailer with Content-Length', chunked('0\r\nContent-Length: 5\r\n\r\n')),
  attack('trailer with Transfer-Encoding', chunked('0\r\nTransfer-Encoding: chunked\r\n\r\n')),
  attack('trailer with Host', chunked('0\r\nHost: evil\r\n\r\n')),
  attack('trailer folded', chunked('0\r\nX: a\r\n b\r\n\r\n')),
  attack('trailer starts with a fold', chunked('0\r\n X: a\r\n\r\n')),
  attack('trailer with bare LF', chunked('0\r\nX: a\nY: b\r\n\r\n')),
  attack('trailers end in bare LF', chunked('0\r\nX: a\r\n\n')),
  attack('trailer without colon', chunked('0\r\nGET / HTTP/1.1\r\n\r\n')),
  attack('trailer with a space before its colon', chunked('0\r\nX : a\r\n\r\n')),
  attack('trailers too long', chunked(`0\r\nX: ${'a'.repeat(9000)}\r\n\r\n`), 'HEAD_TOO_LARGE'),
  attack('too many trailers', chunked(`0\r\n${'X: a\r\n'.repeat(40)}\r\n`), 'HEAD_TOO_LARGE'),
  attack('a chunk that looks like the last', chunked(`5\r\n0\r\n\r\n\r\n0\r\n\r\n${NEXT}`), ['POST / 1.1', 'GET /smuggled 1.1']),
  attack('a last chunk of several zeros', chunked(`000\r\n\r\n${NEXT}`), ['POST / 1.1', 'GET /smuggled 1.1']),
];

const get = (line: string): string => `${line}\r\nHost: h\r\n\r\n`;

function withLines(lines: string): string {
  return `GET / HTTP/1.1\r\nHost: h\r\n${lines}\r\n`;
}

function withHost(value: string): string {
  return `GET / HTTP/1.1\r\nHost:${value}\r\n\r\n`;
}

/** Tricks with lines, names, targets and versions. */
export const headAttacks: readonly Attack[] = [
  attack('HTTP/0.9', 'GET /\r\n\r\n'),
  attack('HTTP/0.9 spelt out', get('GET / HTTP/0.9'), UNSUPPORTED),
  attack('HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', UNSUPPORTED),
  attack('HTTP/1.2', get('GET / HTTP/1.2'), UNSUPPORTED),
  attack('HTTP/1.10', get('GET / HTTP/1.10')),
  attack('HTTP/1.1 in lower case', get('GET / http/1.1')),
  attack('HTTP/01.1', get('GET / HTTP/01.1')),
  attack('version with trailing space', get('GET / HTTP/1.1 ')),
  attack('version with CR CR', get('GET / HTTP/1.1\r')),
  attack('TLS hello on a plain port', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'),
  attack('SOCKS 5', '\x05\x01\0'),
  attack('PROXY protocol', `PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n${get('GET / HTTP/1.1')}`),
  attack('request line with HTAB', get('GET\t/\tHTTP/1.1')),
  attack('request line with two spaces', get('GET  / HTTP/1.1')),
  attack('request line with a space in its target', get('GET /a b HTTP/1.1')),
  attack('request line with leading space', get(' GET / HTTP/1.1')),
  attack('request line ends in bare LF', 'GET / HTTP/1.1\nHost: h\r\n\r\n'),
  attack('all lines end in bare LF', 'GET / HTTP/1.1\nHost: h\n\n'),
  attack('head ends in LF CR LF', 'GET / HTTP/1.1\r\nHost: h\n\r\n'),
  attack('head ends in CR CR LF', 'GET / HTTP/1.1\r\nHost: h\r\n\r\r\n\r\n'),
  attack('two empty lines before the request', `\r\n\r\n${get('GET / HTTP/1.1')}`),
  attack('bare LF before the request', `\n${get('GET / HTTP/1.1')}`),
  attack('one empty line before the request is harmless', `\r\n${get('GET / HTTP/1.1')}`, ['GET / 1.1']),
  attack('method with a control character', get('G\x01T / HTTP/1.1')),
  attack('method with a colon', get('GET: / HTTP/1.1')),
  attack('method of 33 characters', get(`${'M'.repeat(33)} / HTTP/1.1`)),
  attack('CONNECT', 'CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n', UNSUPPORTED),
  attack('target with fragment', get('GET /#f HTTP/1.1')),
  attack('target with DEL', get('GET /\x7f HTTP/1.1')),
  attack('target with NUL', get('GET /\0 HTTP/1.1')),
  attack('target with raw UTF-8', get('GET /\xc3\xa9 HTTP/1.1')),
  attack('target without slash', get('GET index.html HTTP/1.1')),
  attack('target asterisk for GET', get('GET * HTTP/1.1')),
  attack('target of another scheme', get('GET file:///etc/passwd HTTP/1.1')),
  attack('target javascript', get('GET javascript:alert(1) HTTP/1.1')),
  attack('absolute target without host', get('GET http:///path HTTP/1.1')),
  attack('absolute target with user name', get('GET http://user@h/ HTTP/1.1')),
  attack('absolute target with a backslash host', get('GET http://h\\evil/ HTTP/1.1')),
  attack('absolute target with a bad port', get('GET http://h:80:90/ HTTP/1.1')),
  attack('absolute target that differs from Host', get('GET http://other/p HTTP/1.1'), ['GET /p 1.1']),
  attack('Host missing', 'GET / HTTP/1.1\r\n\r\n'),
  attack('Host twice', withLines('Host: evil\r\n')),
  attack('Host twice, equal', withLines('Host: h\r\n')),
  attack('Host twice in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: h\r\nHost: e\r\n\r\n'),
  attack('Host empty', withHost('')),
  attack('Host list', withHost(' h, evil')),
  attack('Host with path', withHost(' h/evil')),
  attack('Host with user name', withHost(' u@h')),
  attack('Host with a space', withHost(' h evil')),
  attack('Host with fragment', withHost(' h#')),
  attack('Host with query', withHost(' h?x')),
  attack('Host with letters for a port', withHost(' h:http')),
  attack('Host with an open bracket', withHost(' [::1')),
  attack('Host with text after the bracket', withHost(' [::1]evil')),
  attack('Host with obs-text', withHost(' h\xe9')),
  attack('field line folded', withLines('X: a\r\n b\r\n')),
  attack('field line folded with HTAB', withLines('X: a\r\n\tb\r\n')),
  attack('first field line folded', 'GET / HTTP/1.1\r\n Host: h\r\n\r\n'),
  attack('field name empty', withLines(': v\r\n')),
  attack('field name with space', withLines('X Y: v\r\n')),
  attack('field name with parenthesis', withLines('X(): v\r\n')),
  attack('field name with NUL', withLines('X\0: v\r\n')),
  attack('field name with obs-text', withLines('X\xe9: v\r\n')),
  attack('field name with slash', withLines('X/Y: v\r\n')),
  attack('field line without colon', withLines('X\r\n')),
  attack('field value with NUL', withLines('X: a\0b\r\n')),
  attack('field value with bare CR', withLines('X: a\rb\r\n')),
  attack('field value with bare LF', withLines('X: a\nb\r\n')),
  attack('field value with escape', withLines('X: a\x1bb\r\n')),
  attack('field value with DEL', withLines('X: a\x7fb\r\n')),
  attack('Connection with broken names', withLines('Connection: close keep-alive\r\n')),
  attack('Connection with too many names', withLines(`Connection: ${'a,'.repeat(40)}a\r\n`)),
  attack('Expect something else', withLines('Expect: 200-ok\r\n')),
  attack('too many fields', withLines('X: a\r\n'.repeat(200)), 'HEAD_TOO_LARGE'),
  attack('head too long', withLines(`X: ${'a'.repeat(70_000)}\r\n`), 'HEAD_TOO_LARGE'),
];

function answer(lines: string, rest = ''): string {
  return `HTTP/1.1 200 OK\r\n${lines}\r\n${rest}`;
}

/** The same from an upstream: an answer that two readers split differently poisons the next. */
export const responseAttacks: readonly Attack[] = [
  attack('CL and TE', answer('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  attack('CL twice', answer('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello')),
  attack('CL list', answer('Content-Length: 5, 5\r\n', 'hello')),
  attack('CL with plus', answer('Content-Length: +5\r\n', 'hello')),
  attack('TE unknown', answer('Transfer-Encoding: gzip\r\n', 'hello'), UNSUPPORTED),
  attack('TE with HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  attack('empty line before the status line', `\r\n${answer('Content-Length: 0\r\n')}`),
  attack('interim answer with a body', 'HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\nhello'),
  attack('interim answer with chunks', 'HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  attack('status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'),
  attack('status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'),
  attack('status 099', 'HTTP/1.1 099 X\r\n\r\n'),
  attack('status 600', 'HTTP/1.1 600 X\r\n\r\n'),
  attack('status with sign', 'HTTP/1.1 +20 X\r\n\r\n'),
  attack('status after two spaces', 'HTTP/1.1  200 OK\r\n\r\n'),
  attack('version 2.0', 'HTTP/2.0 200 OK\r\n\r\n', UNSUPPORTED),
  attack('version in lower case', 'http/1.1 200 OK\r\n\r\n'),
  attack('shoutcast', 'ICY 200 OK\r\n\r\n'),
  attack('reason with NUL', 'HTTP/1.1 200 O\0K\r\n\r\n'),
  attack('reason with bare CR', 'HTTP/1.1 200 O\rK\r\n\r\n'),
  attack('reason with bare LF', 'HTTP/1.1 200 OK\nX: y\r\n\r\n'),
  attack('field folded', answer('X: a\r\n b\r\n')),
  attack('field split by bare CR', answer('X: a\rSet-Cookie: evil\r\n')),
  attack('field with a space before its colon', answer('Content-Length : 0\r\n')),
  attack('204 that announces a body ends its connection', `HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n${answer('')}`, ['204 X 1.1']),
  attack('204 that announces chunks ends its connection', `HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n${answer('')}`, ['204 X 1.1']),
];
