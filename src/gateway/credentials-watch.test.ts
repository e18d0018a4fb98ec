import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentCredentialsObserver } from '../layers/credentials/credentials-observer.ts';
import { fetchFailure } from '../layers/credentials/token-source.ts';
import { credentialsWatch } from './credentials-watch.ts';

function rig() {
  const heard: string[] = [];
  const lines: { level: string; facts: Record<string, unknown>; text: string }[] = [];
  const at = (level: string) => (facts: unknown, text?: string) =>
    void lines.push({ level, facts: facts as Record<string, unknown>, text: text ?? '' });
  const watch = credentialsWatch(
    {
      ...silentCredentialsObserver,
      refreshed: () => void heard.push('refreshed'),
      refreshFailed: () => void heard.push('failed'),
      warned: () => void heard.push('warned'),
      fileUnreadable: () => void heard.push('file'),
    },
    { info: at('info'), warn: at('warn'), debug: at('debug') },
  );
  return { watch, heard, lines };
}

describe('what the log says of stored credentials', () => {
  it('names the upstream and the reason when no token came', () => {
    const { watch, heard, lines } = rig();
    watch.refreshFailed('org', fetchFailure('refused', 'The client is not known.'), 2);
    assert.deepEqual(heard, ['failed']);
    assert.equal(lines[0]?.level, 'warn');
    assert.deepEqual(lines[0]?.facts['upstream'], 'org');
    assert.equal(lines[0]?.facts['words'], 'The client is not known.');
    assert.equal(lines[0]?.facts['consecutive'], 2);
  });

  it('says what to look at when something goes on for long', () => {
    for (const what of ['many-refreshes', 'many-failures', 'clock-skew', 'opaque-token'] as const) {
      const { watch, heard, lines } = rig();
      watch.warned('org', what);
      assert.deepEqual(heard, ['warned']);
      assert.match(lines[0]?.text ?? '', /look at|apart|let the client issue/);
    }
  });

  it('keeps what is as it should be out of the way', () => {
    const { watch, heard, lines } = rig();
    watch.refreshed('org', 12.4, 60_000);
    watch.fileUnreadable('org', { path: '/run/key', fault: 'is empty', inUse: true });
    assert.deepEqual(heard, ['refreshed', 'file']);
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['debug', 'warn'],
    );
  });

  it('says of a file what is wrong with it, and what is used instead', () => {
    const { watch, lines } = rig();
    const file = { path: '/run/key', fault: 'does not exist' };
    watch.fileUnreadable('org', { ...file, inUse: false });
    watch.fileUnreadable('org', { ...file, inUse: true });
    assert.equal(lines[0]?.facts['file'], '/run/key');
    assert.match(lines[0]?.text ?? '', /does not exist; calls are refused/);
    assert.match(lines[1]?.text ?? '', /does not exist; what it held before is used/);
  });
});
