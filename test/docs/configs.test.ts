// Every configuration shown in README, guides and examples is one that loads without a complaint.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/gateway/config/load.ts';

const root = join(dirname(import.meta.filename), '../..');
const pages = globSync(['README.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: root });

/** Every secret has a value; addresses are those written behind `:-`. */
const env = new Proxy<Record<string, string | undefined>>(
  {},
  {
    get: (_none, name) =>
      String(name).endsWith('_URL') ? undefined : `secret-of-${String(name)}-for-tests`,
  },
);

describe('a configuration that the documentation shows', () => {
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8');
    const blocks = [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, block = '']) => block);
    for (const [at, block] of blocks.entries()) {
      it(`loads: ${page}, number ${at + 1}`, () => {
        const { settings, lines } = loadConfig(
          { name: page, text: block },
          { env, readText: () => '' },
        );
        assert.ok(settings !== undefined, lines.join('\n'));
        assert.deepEqual(lines, []);
      });
    }
  }
});
