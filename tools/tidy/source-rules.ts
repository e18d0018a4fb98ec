// Rules about what stands inside source files. Each looks at one file and knows no other.

import { faultsAt, faultsByLine, isTest, type Rules } from './finding.ts';

const LINE_COLUMNS_MAX = 100;
// A sentence in pieces cannot be searched for, so a string alone on its line may be longer.
const LONE_STRING = /^\s*(?:[\w'-]+: )?(['"`])(?:(?!\1)[^\\]|\\.)*\1[,;]?$/;
const SOURCE_LINES_MAX = 300;
const TEST_LINES_MAX = 500;

/** The only source files that may touch the machine's clock, timers and randomness. */
const clockHomes = new Set(['src/core/clock.ts', 'src/core/random.ts']);
const clockRooms = ['src/testing/', 'src/cli/'];
/** Rooms whose tests meet real sockets, and so real time. Elsewhere tests run on virtual time. */
const socketRooms = /^src\/(transport|edges|client|gateway|simulator|doctor|lab|monitor|load)\//;
const clockWords = [
  'Date\\.now',
  'performance\\.now',
  'hrtime',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'Math\\.random',
  'new Date\\(\\s*\\)',
  'AbortSignal\\.timeout',
];
const CLOCK = new RegExp(`\\b(?:${clockWords.join('|')})`, 'g');
const TIMERS_MODULE = /\bfrom '((?:node:)?timers(?:\/promises)?)'/g;

const MARK = /\b(?:TODO|FIXME|XXX|HACK)\b/g;
const BANNER = /^\s*(?:\/\/|\/?\*+)\s*[-=*#~_/+]{4,}|[-=*#~_]{6,}\s*(?:\*\/)?\s*$/;
const HISTORY = /\b(?:issues?|tickets?|tasks?|PRs?|pull requests?)\s+#?\d+/gi;
const SKIPPED = /\b(?:test|it|describe|suite)\.(?:skip|only|todo)\b|\bt\.(?:skip|todo)\(/g;
// A machine may lack what a test needs: `skip: !canDoIt() && 'what it needs'` says so out loud.
const SKIP_OPTION = /[{,]\s*(?:skip(?!:\s*![\w.]+(?:\(\))?\s*&&\s*')|only|todo)\s*:/g;

/** Every rule about the inside of a source file, by name. All expect `source` to be there. */
export const sourceRules: Rules = {
  clocks: ({ path, text, source }) => {
    if (!bansClocks(path)) return [];
    const cure = 'the data plane takes a Clock or Random by constructor';
    return [
      ...faultsAt(source?.code ?? '', CLOCK, ([word]) => `uses ${word}; ${cure}`),
      ...faultsAt(text, TIMERS_MODULE, ([, module = '']) => `imports ${module}; ${cure}`),
    ];
  },
  'line-length': ({ text }) =>
    faultsByLine(text, (line) =>
      line.length > LINE_COLUMNS_MAX && !LONE_STRING.test(line)
        ? `${line.length} columns, at most ${LINE_COLUMNS_MAX}: break it`
        : undefined,
    ),
  'file-length': ({ path, text }) => {
    const max = isTest(path) || path.startsWith('test/') ? TEST_LINES_MAX : SOURCE_LINES_MAX;
    const lines = text.split('\n').length - 1;
    if (lines <= max) return [];
    return [{ line: lines, message: `${lines} lines, at most ${max}: split it by concern` }];
  },
  'opening-comment': ({ path, text }) => {
    if (!path.startsWith('src/') || isTest(path)) return [];
    if (/^(?:#!.*\n)?\/\/ \S/.test(text)) return [];
    const message = 'opens without a comment: say what it owns, what it refuses, its invariant';
    return [{ line: 1, message }];
  },
  marks: ({ source }) =>
    faultsAt(source?.comments ?? '', MARK, ([word]) => {
      return `${word} in a comment; do it, or write a known limit into ARCHITECTURE.md`;
    }),
  banners: ({ source }) =>
    faultsByLine(source?.comments ?? '', (line) =>
      BANNER.test(line) ? 'a banner comment; split the file or delete the line' : undefined,
    ),
  history: ({ source }) =>
    faultsAt(source?.comments ?? '', HISTORY, ([word]) => {
      return `"${word}" in a comment; git keeps history; cite another project as name#number`;
    }),
  skipped: ({ path, source }) => {
    if (!isTest(path)) return [];
    const say = (): string => 'skips or singles out a test; make it run, or delete it';
    const code = source?.code ?? '';
    return [...faultsAt(code, SKIPPED, say), ...faultsAt(code, SKIP_OPTION, say)];
  },
};

function bansClocks(path: string): boolean {
  if (!path.startsWith('src/') || clockHomes.has(path)) return false;
  // Benchmarks measure real time; that is what they are for.
  if (path.endsWith('.bench.ts')) return false;
  if (clockRooms.some((room) => path.startsWith(room))) return false;
  return !(isTest(path) && socketRooms.test(path));
}
