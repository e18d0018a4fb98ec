// Known attacks with lines, names, targets, versions and answers, by name, with the one answer we
// give to each.

import type { Attack } from './framing-attacks.fixture.ts';
import { attack } from './framing-attacks.fixture.ts';

const UNSUPPORTED = 'NOT_SUPPORTED';

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
  attack('one empty line before the request is harmless', `\r\n${get('GET / HTTP/1.1')}`, [
    'GET / 1.1',
  ]),
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
  attack('absolute target that differs from Host', get('GET http://other/p HTTP/1.1'), [
    'GET /p 1.1',
  ]),
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
  attack('Host with an empty port', withHost(' h:')),
  attack('Host with a port of six digits', withHost(' h:000080')),
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
  attack('Expect twice', withLines('Expect: 100-continue\r\nExpect: 100-continue\r\n')),
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
  attack(
    'interim answer with chunks',
    'HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
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
  attack(
    '204 that announces a body ends its connection',
    `HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n${answer('')}`,
    ['204 X 1.1'],
  ),
  attack(
    '204 that announces chunks ends its connection',
    `HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n${answer('')}`,
    ['204 X 1.1'],
  ),
];
