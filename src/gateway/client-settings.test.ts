import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { clientUrl, jsonExports, localUrl, shellExports } from './client-settings.ts';

describe('client settings', () => {
  it('set the variables when a shell evaluates them, and nothing else happens', () => {
    const script = `eval "$EXPORTS"; echo "$ANTHROPIC_BASE_URL $OPENAI_BASE_URL"`;
    const nasty = "http://127.0.0.1:1/it's;$(touch x)";
    const said = execFileSync('sh', ['-c', script], {
      env: { ...process.env, EXPORTS: shellExports(nasty) },
      encoding: 'utf8',
    });
    assert.equal(said, `${nasty} ${nasty}/v1\n`);
  });

  it('hold the same for a program', () => {
    const { env } = JSON.parse(jsonExports('http://h:1')) as { env: Record<string, string> };
    assert.deepEqual(env, { ANTHROPIC_BASE_URL: 'http://h:1', OPENAI_BASE_URL: 'http://h:1/v1' });
  });

  it('give Codex a provider that speaks responses', () => {
    assert.match(shellExports('http://h:1'), /#   base_url = "http:\/\/h:1\/v1"\n/);
    assert.match(shellExports('http://h:1'), /#   wire_api = "responses"\n/);
  });

  it('name an address that can be connected to', () => {
    assert.equal(localUrl({ host: '0.0.0.0', port: 5 }), 'http://127.0.0.1:5');
    assert.equal(localUrl({ host: '::', port: 5 }), 'http://[::1]:5');
    assert.equal(clientUrl('http://h:1/', undefined, {}), 'http://h:1');
  });
});
