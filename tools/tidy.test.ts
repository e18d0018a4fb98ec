// Every rule of tidy is shown a text that breaks it and one that does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceRules } from './tidy/source-rules.ts';
import { importLines, sourceText } from './tidy/source-text.ts';
import { treeRules } from './tidy/tree-rules.ts';
import { tidy, tidyFile, trackedFiles } from './tidy.ts';

/** The rules that a file breaks, as `rule:line`. */
function broken(path: string, text: string): string[] {
  return tidy([tidyFile(path, text)]).map(({ rule, line }) => `${rule}:${line}`);
}

const opening = '// Owns nothing.\n';
const slash = '/';

interface Case {
  readonly rule: string;
  readonly path?: string;
  readonly bad: string;
  readonly line?: number;
  readonly good: string;
  readonly goodPath?: string;
}

const layer = 'src/layers/retry/retry.ts';
const unitTest = 'src/layers/retry/retry.test.ts';
const mark = ['TO', 'DO'].join('');

const cases: readonly Case[] = [
  {
    rule: 'clocks',
    bad: `${opening}const at = Date.now();`,
    line: 2,
    good: `${opening}clock.now();`,
  },
  {
    rule: 'clocks',
    bad: `${opening}\nsetTimeout(run, 5);`,
    line: 3,
    good: `${opening}clearTimeout(handle); // setTimeout is for core/clock.ts`,
  },
  { rule: 'clocks', bad: `${opening}new Date()`, line: 2, good: `${opening}new Date(wallMs)` },
  {
    rule: 'clocks',
    bad: `${opening}import { setTimeout as wait } from 'node:timers/promises';`,
    line: 2,
    good: `${opening}import { posix } from 'node:path';`,
  },
  {
    rule: 'clocks',
    path: unitTest,
    bad: 'await performance.now();',
    goodPath: 'src/transport/pool.test.ts',
    good: 'await performance.now();',
  },
  {
    rule: 'clocks',
    bad: `${opening}Math.random()`,
    line: 2,
    goodPath: 'src/core/random.ts',
    good: `${opening}Math.random()`,
  },
  {
    rule: 'clocks',
    bad: `${opening}process.hrtime()`,
    line: 2,
    goodPath: 'src/http1/http1.bench.ts',
    good: `${opening}process.hrtime()`,
  },
  {
    rule: 'line-length',
    bad: `${opening}const a = '${'x'.repeat(90)}';`,
    line: 2,
    good: `${opening}const a = '${'x'.repeat(80)}';\n  doc: '${"it\\'s ".repeat(30)}',`,
  },
  {
    rule: 'file-length',
    bad: opening.repeat(301),
    line: 301,
    good: opening.repeat(300),
  },
  {
    rule: 'file-length',
    path: unitTest,
    bad: opening.repeat(501),
    line: 501,
    good: opening.repeat(500),
  },
  { rule: 'opening-comment', bad: 'const a = 1;', good: `${opening}const a = 1;` },
  { rule: 'kebab-case', path: 'bench/Read.md', bad: '', goodPath: 'bench/README.md', good: '' },
  { rule: 'opening-comment', bad: '', good: `#!/usr/bin/env node\n${opening}` },
  {
    rule: 'marks',
    bad: `${opening}// ${mark}: later`,
    line: 2,
    good: `${opening}const ${mark} = '${mark}';`,
  },
  {
    rule: 'banners',
    bad: `${opening}// ${'='.repeat(20)}`,
    line: 2,
    good: `${opening}const a = '${'='.repeat(20)}'; // a -- b`,
  },
  {
    rule: 'history',
    bad: `${opening}// Fixed for issue 12.`,
    line: 2,
    good: `${opening}// RFC 9112 section 6.3.`,
  },
  {
    rule: 'skipped',
    path: unitTest,
    bad: "test.only('a slot is held', () => {});",
    good: "test('an only child is kept', () => {});",
  },
  {
    rule: 'skipped',
    path: unitTest,
    bad: "test('a slot is held', { skip: true }, () => {});",
    good: "test('a slot is held', { concurrency: true }, () => {});",
  },
  {
    rule: 'skipped',
    path: unitTest,
    bad: "test('a slot is held', { skip: ready }, () => {});",
    good: "test('a slot is held', { skip: !canFork() && 'needs Linux' }, () => {});",
  },
  {
    rule: 'rooms',
    bad: `${opening}import type { Pool } from '../../transport/pool.ts';`,
    line: 2,
    good: `${opening}import type { Call } from '../../core/call.ts';`,
  },
  {
    rule: 'rooms',
    bad: `${opening}import { pick } from '../balance/pick.ts';`,
    line: 2,
    good: `${opening}import { backoff } from './backoff.ts';`,
  },
  {
    rule: 'rooms',
    path: 'src/core/clock.ts',
    bad: `${opening}import { posix } from 'node:path';`,
    line: 2,
    good: `${opening}import type { Buffer } from 'node:buffer';`,
  },
  {
    rule: 'rooms',
    path: 'src/http1/head.ts',
    bad: `${opening}import net from 'node:net';`,
    line: 2,
    goodPath: 'src/transport/connector.ts',
    good: `${opening}import net from 'node:net';`,
  },
  {
    rule: 'rooms',
    path: 'src/gateway/serve.ts',
    bad: `${opening}const { run } = await import('../cli/main.ts');`,
    line: 2,
    good: `${opening}export { pool } from '../transport/pool.ts';`,
  },
  {
    rule: 'rooms',
    path: 'src/testing/upstream.ts',
    bad: `${opening}import { serve } from '../gateway/serve.ts';`,
    line: 2,
    good: `${opening}import { head } from '../http1/head.ts';`,
  },
  {
    rule: 'rooms',
    path: 'src/edges/fetch.ts',
    bad: `${opening}import { wait } from '../../tools/wait.ts';`,
    line: 2,
    good: `${opening}// import { wait } from '../../tools/wait.ts';`,
  },
  { rule: 'rooms', path: 'src/attic/a.ts', bad: opening, goodPath: layer, good: opening },
  {
    rule: 'rooms',
    path: layer,
    bad: `${opening}import { VirtualClock } from '../../testing/virtual-clock.ts';`,
    line: 2,
    goodPath: unitTest,
    good: "import { VirtualClock } from '../../testing/virtual-clock.ts';",
  },
  {
    rule: 'kebab-case',
    path: 'tools/RetryBudget.ts',
    bad: '',
    goodPath: 'tools/a-b.test.ts',
    good: '',
  },
  {
    rule: 'index-file',
    path: 'src/http1/index.ts',
    bad: opening,
    goodPath: 'src/client/index.ts',
    good: opening,
  },
  {
    rule: 'vague-name',
    path: 'tools/date-utils.ts',
    bad: '',
    goodPath: 'tools/dates.ts',
    good: '',
  },
  {
    rule: 'machine-path',
    path: 'docs/a.md',
    bad: `Look\nat \`${slash}work${slash}main\`.`,
    line: 2,
    good: `Look at \`src${slash}work${slash}main\` or https://example.com${slash}home/page.`,
  },
  {
    rule: 'registry-host',
    path: '.npmrc',
    bad: `registry=https://${['registry', 'example', 'org'].join('.')}/`,
    good: 'save-exact=true',
  },
  {
    rule: 'emoji',
    path: 'README.md',
    bad: 'Fast \u{1F680}',
    good: 'Fast, 1.1 x nginx \u2192 here',
  },
  {
    rule: 'unreleased',
    path: 'CHANGELOG.md',
    bad: '# Changes',
    good: '# Changes\n\n## Unreleased',
  },
  {
    rule: 'links',
    path: 'docs/a.md',
    bad: 'See [b](b.md).',
    good: 'See [here](#here), [itself](a.md#top), [docs](../docs/) and [x](https://example.com).',
  },
];

for (const { rule, path = layer, bad, line = 1, good, goodPath = path } of cases) {
  test(`${rule} names ${path}:${line} and lets good text in ${goodPath} pass`, () => {
    assert.ok(broken(path, bad).includes(`${rule}:${line}`), broken(path, bad).join(' '));
    assert.deepEqual(broken(goodPath, good), []);
  });
}

test('every rule has a case that breaks it', () => {
  const names = new Set([...Object.keys(sourceRules), ...Object.keys(treeRules), 'rooms', 'links']);
  for (const { rule } of cases) names.delete(rule);
  assert.deepEqual([...names], []);
});

test('strings, templates, comments and regular expressions are told from code', () => {
  const text = [
    'a("x//y", `q${b({ c: "}" })}r`); // note `',
    'const re = /[/\'"]\\/`/g, half = n / 2 / m; /* two',
    'lines */ d = "\\"e";',
  ].join('\n');
  const { code, comments } = sourceText(text);
  assert.equal(code.length, text.length);
  const squeezed = code.replaceAll(/ +/g, ' ');
  assert.equal(
    squeezed,
    ['a(" ", ` ${b({ c: " " })} `); ', 'const re = / /g, half = n / 2 / m; ', ' d = " ";'].join(
      '\n',
    ),
  );
  assert.match(comments, /^ +\/\/ note `\n +\/\* two\nlines \*\/ +$/);
});

test('imports are found in every form, with their lines', () => {
  const text = [
    "import a from './a.ts';",
    "import type { B } from './b.ts';",
    'import {',
    '  c,',
    "} from './c.ts';",
    "export * from './d.ts';",
    "const e = await import('./e.ts');",
    "import './f.ts';",
    'const no = \'import x from "./no.ts"\';',
  ].join('\n');
  const found = importLines(sourceText(text));
  assert.deepEqual(
    found.map(({ specifier, line, typeOnly }) => [specifier, line, typeOnly]),
    [
      ['./a.ts', 1, false],
      ['./b.ts', 2, true],
      ['./c.ts', 5, false],
      ['./d.ts', 6, false],
      ['./e.ts', 7, false],
      ['./f.ts', 8, false],
    ],
  );
});

test('the files of the repository are found, without generated ones', () => {
  const paths = trackedFiles().map((file) => file.path);
  assert.ok(paths.includes('src/core/call.ts'));
  assert.ok(!paths.some((path) => path.startsWith('node_modules/')));
});
