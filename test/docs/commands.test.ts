// Every command of the documentation is either run here or named with the place that runs it, so
// that a page cannot show a line that nobody has tried.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  documentedCommands,
  documentedPages,
  pageText,
  provingFiles,
  shellLines,
  yamlExample,
} from './documented-commands.ts';
import { run, start } from './shell.ts';
import type { Running } from './shell.ts';

const root = resolve(import.meta.dirname, '..', '..');
const FREE_PORTS = '--listen 127.0.0.1:0 --admin 127.0.0.1:0';
const BANNER = /listens on (http:\S+), admin (http:\S+) .*\n.*offline: +(curl .*)\n/;

/** The line of the guide that opens a session; it is long, and stands in the guide alone. */
const [, webSocketLine = ''] = shellLines(pageText('docs/guides/web-sockets.md'));

/** Lines that a test run cannot run itself, and where they are run. */
const ranElsewhere: Readonly<Record<string, string>> = {
  'npm ci': '.ci/run',
  'npm ci && npm test': '.ci/run',
  'npm run check': '.ci/run',
  'npm start -- --config holdfast.yaml --reuse-port': 'test/integration/drain.test.ts',
  'npm run examples': '.ci/run',
  'ANTHROPIC_BASE_URL=http://127.0.0.1:8787 ANTHROPIC_API_KEY=any claude':
    'test/conformance/cli/claude-code.ts',
  [webSocketLine]: 'test/docs/web-sockets.test.ts',
};

/** Each example is run by `npm run examples`, which starts a gateway with the example's file. */
const examples = globSync('examples/*/run.ts', { cwd: root }).map((file) => file.split('/')[1]);
const ranByExamples = examples.flatMap((name) => [
  `npm run examples -- ${name}`,
  `npm start -- --config examples/${name}/holdfast.yaml`,
]);

/** Lines run by the tests below. */
const ranHere = {
  start: 'npm start',
  startWithFile: 'npm start -- --config holdfast.yaml',
  env: 'eval "$(npm run --silent holdfast -- env)"',
  sim: "npm run holdfast -- sim --fault 'rst@event:3'",
  faults: 'npm run holdfast -- sim --list-faults',
} as const;

const tryLine = shellLines(pageText('README.md')).find((line) => line.startsWith('curl ')) ?? '';

describe('the documentation', () => {
  it('shows no command that nobody runs', () => {
    const here = [...Object.values(ranHere), tryLine];
    const known = new Set([...Object.keys(ranElsewhere), ...ranByExamples, ...here]);
    const unknown = documentedCommands().filter(({ command }) => !known.has(command));
    deepEqual(unknown, []);
    for (const place of Object.values(ranElsewhere)) ok(existsSync(resolve(root, place)), place);
  });

  it('names only tests that exist', () => {
    const named = documentedPages().flatMap((page) => provingFiles(pageText(page)));
    ok(named.length > 0);
    deepEqual(
      named.filter((file) => !existsSync(resolve(root, file))),
      [],
    );
  });
});

describe('a gateway started as the README says', () => {
  let gateway: Running;

  before(async () => {
    gateway = await start(`${ranHere.start} -- ${FREE_PORTS}`, BANNER);
  });

  after(async () => {
    await gateway.stop();
  });

  it("prints the README's own line to try it", () => {
    const [, url = '', , line] = gateway.ready;
    equal(line?.replace(url, 'http://127.0.0.1:8787'), tryLine);
  });

  it('answers that line with a whole stream, offline', async () => {
    const [, url = ''] = gateway.ready;
    const answer = await run(tryLine.replace('http://127.0.0.1:8787', url));
    match(answer, /^data: \{/m);
    match(answer, /\ndata: \[DONE\]\n/);
  });

  it('serves every admin path that the README names', async () => {
    const [, , admin = ''] = gateway.ready;
    const paths = [...pageText('README.md').matchAll(/`(\/(?:healthz|readyz|metrics|api\/\w+))`/g)];
    equal(paths.length, 15);
    for (const [, path = ''] of paths) {
      const response = await fetch(admin + path);
      equal(response.status, 200, path);
      await response.text();
    }
  });
});

describe('the other commands of the README', () => {
  it('put both base URLs into the environment', async () => {
    const said = await run(`${ranHere.env}; echo "$ANTHROPIC_BASE_URL $OPENAI_BASE_URL"`);
    match(said, /^http:\/\/127\.0\.0\.1:8787 http:\/\/127\.0\.0\.1:8787\/v1$/m);
  });

  it('list the faults', async () => {
    match(await run(ranHere.faults), /\brst\b/);
  });

  it('start a provider that misbehaves', async () => {
    const sim = await start(`${ranHere.sim} --port 0`, /(http:\/\/127\.0\.0\.1:\d+)/);
    await sim.stop();
  });

  it('start a gateway with the example of the README as its file', async () => {
    const example = yamlExample(pageText('README.md'));
    ok(example !== undefined);
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-readme-'));
    try {
      const file = join(folder, 'holdfast.yaml');
      writeFileSync(file, example);
      const command = `${ranHere.startWithFile.replace('holdfast.yaml', file)} ${FREE_PORTS}`;
      const gateway = await start(command, BANNER);
      match(gateway.ready[0], /configuration: \S*holdfast\.yaml/);
      await gateway.stop();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
