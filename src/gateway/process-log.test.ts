import assert from 'node:assert/strict';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openLog } from './process-log.ts';

describe('process log', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-log-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('writes messages and ready lines in the order they came, one JSON each', async () => {
    const file = join(folder, 'log');
    const fd = openSync(file, 'w');
    const output = openLog('info', fd);
    output.log.info({ port: 1 }, 'first');
    output.lines.write('{"msg":"second"}\n');
    output.log.debug({}, 'too small');
    output.log.warn({}, 'third');
    await output.end();
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const said = lines.map((line) => JSON.parse(line) as { msg: string; level?: string });
    assert.deepEqual(
      said.map(({ msg }) => msg),
      ['first', 'second', 'third'],
    );
    assert.equal(said[2]?.level, 'warn');
  });
});
