import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findConfigFile, loadConfigFile } from './config-source.ts';

describe('configuration file', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-source-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('is the one named, else that of the environment, else the one that lies here', () => {
    const here = (): boolean => true;
    const env = { HOLDFAST_CONFIG: 'env.yaml' };
    assert.equal(findConfigFile('named.yaml', env, here), 'named.yaml');
    assert.equal(findConfigFile(undefined, env, here), 'env.yaml');
    assert.equal(findConfigFile(undefined, {}, here), 'holdfast.yaml');
    assert.equal(
      findConfigFile(undefined, {}, () => false),
      undefined,
    );
  });

  it('that does not exist is a problem with a way out', () => {
    const file = join(folder, 'gone.yaml');
    const { settings, lines } = loadConfigFile(file, {});
    assert.equal(settings, undefined);
    assert.deepEqual(lines, [
      `${file} does not exist; name another with --config, or make one: holdfast config init`,
    ]);
  });

  it('names other files from where it lies', () => {
    mkdirSync(join(folder, 'etc'));
    writeFileSync(join(folder, 'etc', 'ca.pem'), '-----BEGIN CERTIFICATE-----');
    const file = join(folder, 'etc', 'c.yaml');
    writeFileSync(
      file,
      'upstreams: { u: { endpoints: ["https://u.example"], ca: ca.pem } }\n' +
        'routes: [{ match: { path: /** }, upstreams: [u] }]\n',
    );
    const { settings, lines } = loadConfigFile(file, {});
    assert.deepEqual(lines, []);
    assert.match(settings?.upstreams.get('u')?.ca ?? '', /BEGIN/);
  });
});
