// Claude Code through a gateway on the models of a Salesforce org; see README.md.

import { runClaudeCode } from '../../test/conformance/cli/claude-code.ts';
import { agentSession } from '../stage/agent-session.ts';

process.exitCode = await agentSession({
  folder: import.meta.dirname,
  client: 'claude-code',
  run: runClaudeCode,
  model: 'claude-sonnet-4-5',
  real: 'SF_URL',
  simulated: ({ salesforce }) => ({
    SF_URL: salesforce,
    SF_TOKEN_URL: `${salesforce}/services/oauth2/token`,
    SF_CLIENT_ID: 'sim-client',
    SF_CLIENT_SECRET: 'sim-secret',
  }),
});
