// Runs the real Codex headless against a base URL.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonLines, runToEnd } from './session.ts';
import type { SessionOptions, SessionReport } from './session.ts';

// It asks three outside hosts at each start; a closed port refuses them at once.
const NOWHERE = 'http://127.0.0.1:9';

/** One prompt, with every command allowed. */
export async function runCodex(options: SessionOptions): Promise<SessionReport> {
  const { binary, baseUrl, model, prompt, home } = options;
  const codexHome = join(home, '.codex');
  mkdirSync(codexHome, { recursive: true });
  writeFileSync(join(codexHome, 'config.toml'), configText(model, baseUrl));
  const environment = {
    CODEX_HOME: codexHome,
    CONFORMANCE_KEY: 'conformance',
    HTTP_PROXY: NOWHERE,
    HTTPS_PROXY: NOWHERE,
    NO_PROXY: '127.0.0.1,localhost',
  };
  const flags = ['--json', '--skip-git-repo-check', '--ephemeral', '-s', 'danger-full-access'];
  const ended = await runToEnd(binary, ['exec', ...flags, prompt], environment, options);
  const lines = jsonLines(ended.stdout);
  const finished = ended.code === 0 && lines.some((line) => line['type'] === 'turn.completed');
  const items = lines.map((line) => (line['item'] ?? {}) as Record<string, unknown>);
  const last = items.findLast((item) => item['type'] === 'agent_message');
  const text = typeof last?.['text'] === 'string' ? last['text'] : '';
  const complaint = finished
    ? ''
    : complaintIn(lines) || (ended.stderr || ended.stdout).slice(-500);
  return { finished, text, complaint, tookMs: ended.tookMs };
}

function configText(model: string, baseUrl: string): string {
  return [
    `model = "${model}"`,
    'model_provider = "conformance"',
    '[model_providers.conformance]',
    'name = "conformance"',
    `base_url = "${baseUrl}/v1"`,
    'wire_api = "responses"',
    'env_key = "CONFORMANCE_KEY"',
    '',
  ].join('\n');
}

function complaintIn(lines: readonly Record<string, unknown>[]): string {
  const messages = lines
    .filter((line) => line['type'] === 'error' || line['type'] === 'turn.failed')
    .map((line) => JSON.stringify(line['message'] ?? line['error']));
  return messages.join(' ').slice(-500);
}
