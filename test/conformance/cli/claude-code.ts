// Runs the real Claude Code headless against a base URL.

import { jsonLines, runToEnd } from './session.ts';
import type { SessionOptions, SessionReport } from './session.ts';

/** Nothing but the model's own calls leaves the process. */
const quiet = {
  DISABLE_TELEMETRY: '1',
  DISABLE_ERROR_REPORTING: '1',
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
};

/** One prompt, with `Bash` allowed. */
export async function runClaudeCode(options: SessionOptions): Promise<SessionReport> {
  const { binary, baseUrl, model, prompt } = options;
  const args = ['-p', prompt, '--output-format', 'json', '--model', model];
  const environment = { ...quiet, ANTHROPIC_BASE_URL: baseUrl, ANTHROPIC_API_KEY: 'conformance' };
  const ended = await runToEnd(binary, [...args, '--allowedTools', 'Bash'], environment, options);
  const result = jsonLines(ended.stdout).findLast((line) => line['type'] === 'result');
  const text = typeof result?.['result'] === 'string' ? result['result'] : '';
  const finished = ended.code === 0 && result?.['is_error'] === false;
  const complaint = finished ? '' : text || (ended.stderr || ended.stdout).slice(-500);
  return { finished, text, complaint, tookMs: ended.tookMs };
}
