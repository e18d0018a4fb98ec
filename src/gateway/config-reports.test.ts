import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { explainReport } from './config-reports.ts';
import type { Report } from './config-reports.ts';

describe('config explain', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-explain-'));
    writeFileSync(
      join(folder, 'f.yaml'),
      'upstreams: { u: { endpoints: ["https://u.example"] } }\n' +
        'routes: [{ match: { path: /** }, upstreams: [u] }]\n',
    );
  });
  after(() => rmSync(folder, { recursive: true }));
  const explain = (path: string | undefined): Report =>
    explainReport(join(folder, 'f.yaml'), {}, path, false);

  it('shows where a route goes', () => {
    const { code, out } = explain('routes[0].upstreams');
    assert.equal(code, 0);
    assert.match(out, /^routes\[0\]\.upstreams: \["u"\] {2}# file\n {4}Where they go/);
  });

  it('answers for an option that was not set', () => {
    const { code, out } = explain('upstreams.u.ca');
    assert.equal(code, 0);
    assert.match(out, /^upstreams\.u\.ca: not set {2}# no default\n {4}PEM file .*\n {4}Why: /);
    assert.match(explain('upstreams.u.salesforce').out, /# no use for this dialect$/m);
  });

  it('says what waits for the next start', () => {
    assert.match(
      explain('breaker.failures').out,
      /^ {4}A change takes effect at the next start\.$/m,
    );
    assert.doesNotMatch(explain('drain.lag').out, /next start/);
    assert.doesNotMatch(explain(undefined).out, /next start/);
  });

  it('answers an unknown path with the nearest name, in a short line', () => {
    for (const [path, told] of [
      ['routes[0].upstream', 'did you mean "routes[0].upstreams"?'],
      ['routes[3]', 'the list has routes[0] alone'],
      ['drian', 'did you mean "drain"?'],
    ] as const) {
      const { code, out, err } = explain(path);
      assert.deepEqual([code, out, err], [2, '', `nothing stands at ${path}; ${told}\n`]);
    }
    assert.ok(explain('zzz').err.length < 300);
  });
});
