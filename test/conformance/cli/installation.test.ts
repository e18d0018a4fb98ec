// How the clients are installed, with a program in the place of npm that does what npm does in a
// folder without a package.json: it takes away whatever it was not asked for.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { CLIENT_PACKAGES, clientFolder, installClients } from './installation.ts';
import type { ClientName } from './installation.ts';

const work = mkdtempSync(join(tmpdir(), 'holdfast-installation-'));
const asked = join(work, 'asked');
const path = process.env['PATH'];
const { platform, arch } = process;

const binaries: Readonly<Record<ClientName, string>> = {
  'claude-code': `@anthropic-ai/claude-code-${platform}-${arch}/claude`,
  codex: `@openai/codex-${platform}-${arch}/vendor/a-triple/bin/codex`,
};

/** Prunes and installs. What it cannot install it leaves out, as npm does with other platforms. */
const npm = `#!${process.execPath}
const { appendFileSync, mkdirSync, rmSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const words = process.argv.slice(2);
const folder = join(words[words.indexOf('--prefix') + 1], 'node_modules');
appendFileSync(${JSON.stringify(asked)}, words.at(-1) + '\\n');
rmSync(folder, { recursive: true, force: true });
const [, name, version] = /^(.+)@(.+)$/.exec(words.at(-1));
const files = { [name + '/package.json']: JSON.stringify({ version }) };
const binary = ${JSON.stringify(binaries)}[name.endsWith('codex') ? 'codex' : 'claude-code'];
if (process.env.OTHER_PLATFORM !== '1') files[binary] = 'binary of ' + version;
for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
`;

/** The packages npm was asked for so far. */
const installed = (): string[] => readFileSync(asked, 'utf8').split('\n').slice(0, -1);

let folder: string;
beforeEach(() => {
  const programs = join(work, 'programs');
  mkdirSync(programs, { recursive: true });
  writeFileSync(join(programs, 'npm'), npm);
  chmodSync(join(programs, 'npm'), 0o755);
  process.env['PATH'] = `${programs}${delimiter}${path}`;
  delete process.env['OTHER_PLATFORM'];
  writeFileSync(asked, '');
  folder = mkdtempSync(join(work, 'clients-'));
});
after(() => {
  process.env['PATH'] = path;
  delete process.env['OTHER_PLATFORM'];
  rmSync(work, { recursive: true, force: true });
});

const versionOf = (name: ClientName): string => CLIENT_PACKAGES[name].split('@').at(-1) ?? '';

describe('the installed clients', () => {
  const orders: readonly (readonly ClientName[])[] = [
    ['claude-code', 'codex'],
    ['codex', 'claude-code'],
  ];
  for (const order of orders) {
    it(`stand beside each other, whichever came first: ${order.join(', ')}`, async () => {
      for (const name of order) await installClients(folder, [name]);
      assert.deepEqual(
        installed(),
        order.map((name) => CLIENT_PACKAGES[name]),
      );
      const both = await installClients(folder, order);
      assert.equal(installed().length, 2);
      for (const name of order) {
        assert.equal(readFileSync(both.get(name) ?? '', 'utf8'), `binary of ${versionOf(name)}`);
      }
    });
  }

  it('are installed together where none is there', async () => {
    const both = await installClients(folder, ['claude-code', 'codex']);
    assert.deepEqual([...both.keys()], ['claude-code', 'codex']);
  });

  it('are replaced where they are of another version', async () => {
    await installClients(folder, ['codex', 'claude-code']);
    const packageFolder = join(clientFolder(folder, 'codex'), 'node_modules/@openai/codex');
    writeFileSync(join(packageFolder, 'package.json'), '{"version":"0.0.1"}');
    await installClients(folder, ['codex', 'claude-code']);
    assert.deepEqual(installed().slice(2), [CLIENT_PACKAGES.codex]);
  });

  it('are missed by name where there is no binary for this machine', async () => {
    process.env['OTHER_PLATFORM'] = '1';
    await assert.rejects(installClients(folder, ['codex']), {
      message: `no binary of codex for ${platform} ${arch}`,
    });
  });
});
