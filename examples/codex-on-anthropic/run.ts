// Codex through a gateway on a model of Anthropic; see README.md.

import { runCodex } from '../../test/conformance/cli/codex.ts';
import { agentSession } from '../stage/agent-session.ts';

process.exitCode = await agentSession({
  folder: import.meta.dirname,
  client: 'codex',
  run: runCodex,
  model: 'gpt-5',
  real: 'ANTHROPIC_UPSTREAM',
  simulated: ({ url }) => ({ ANTHROPIC_UPSTREAM: url, ANTHROPIC_API_KEY: 'simulated' }),
});
