// Rules for upstreams that answer for models: options that were written and do nothing there, and
// ways to log in that cannot work.

import type { IsWritten } from './policy-rules.ts';
import { error, warning } from './problem.ts';
import type { Path, Problem } from './problem.ts';
import { convert, salesforce } from './schema-models.ts';
import type { WrittenConfig } from './schema.ts';
import type { UpstreamConfig } from './schema-upstream.ts';

type Dialect = UpstreamConfig['dialect'];

/** Every problem with upstreams of models. A default that was written counts as written. */
export function modelProblems({ upstreams = {} }: WrittenConfig, isWritten: IsWritten): Problem[] {
  return Object.entries(upstreams).flatMap(([name, upstream]) => {
    const path = ['upstreams', name];
    const isIn: IsWritten = (option) => isWritten([...path, ...option]);
    return [...loginProblems(path, upstream), ...idleProblems(path, upstream, isIn)];
  });
}

const ofSalesforce: readonly Dialect[] = ['salesforce-models'];
const ofAnthropic: readonly Dialect[] = ['anthropic', ...ofSalesforce];
const ofChat: readonly Dialect[] = ['openai', 'openai-chat'];
const ofModels: readonly Dialect[] = [...ofAnthropic, ...ofChat, 'openai-responses'];

/** Where an option of `convert` has an effect. */
const convertAt: Readonly<Record<keyof UpstreamConfig['convert'], readonly Dialect[]>> = {
  maxTokens: ofModels,
  defaultMaxTokens: ofAnthropic,
  maxTokensField: ofChat,
  streamUsage: ofChat,
  sampling: ofModels,
  thinking: ofModels,
  efforts: ofModels,
  laterSystem: ofModels,
};

/** What the documented surface of Salesforce cannot be told. */
const notDocumented: readonly string[] = [
  'maxTokens',
  'defaultMaxTokens',
  'sampling',
  'thinking',
  'efforts',
];
/** Options of one surface, which do nothing where the other one is always asked. */
const ofSurface: Readonly<Record<'documented' | 'native', readonly string[]>> = {
  documented: ['endpoint', 'members', 'toxic'],
  native: ['betas'],
};

/** Options that were written and have no effect. */
function idleProblems(path: Path, upstream: UpstreamConfig, isWritten: IsWritten): Problem[] {
  const { dialect } = upstream;
  const { surface } = upstream.salesforce;
  const isSalesforce = ofSalesforce.includes(dialect);
  const on = `on the ${dialect} dialect`;
  const problems = thinkingProblems(path, upstream, isWritten);
  const idle = (where: readonly string[], reason: string): void => {
    if (!isWritten(where)) return;
    problems.push(warning([...path, ...where], `has no effect ${reason}; remove it`));
  };
  // Other dialects have paths that ask a model, and there the name is replaced.
  if (dialect === 'servicenow') idle(['models'], on);
  for (const option of convert.keyof().options) {
    if (!convertAt[option].includes(dialect)) idle(['convert', option], on);
    else if (isSalesforce && surface === 'documented' && notDocumented.includes(option)) {
      idle(['convert', option], 'on the documented surface');
    }
  }
  const other = surface === 'native' ? 'documented' : 'native';
  for (const option of salesforce.keyof().options) {
    if (!isSalesforce) idle(['salesforce', option], on);
    else if (surface !== 'auto' && ofSurface[other].includes(option)) {
      idle(['salesforce', option], `on the ${surface} surface`);
    }
  }
  return problems;
}

function thinkingProblems(
  path: Path,
  { convert: { thinking }, dialect }: UpstreamConfig,
  isWritten: IsWritten,
): Problem[] {
  if (!ofModels.includes(dialect)) return [];
  if (thinking === 'budget' && !ofAnthropic.includes(dialect)) {
    const message = `budget is no form of the ${dialect} dialect; write adaptive, none or auto`;
    return [error([...path, 'convert', 'thinking'], message)];
  }
  const hasWords = thinking === 'auto' || thinking === 'adaptive';
  if (hasWords || !isWritten(['convert', 'efforts'])) return [];
  const message = `has no effect where thinking is ${thinking}; remove one of them`;
  return [warning([...path, 'convert', 'efforts'], message)];
}

/** Login hosts for everybody, which cannot tell whose client asks without a user. */
const GENERIC_LOGIN = /^(login|test|welcome)\.salesforce\.com$/;
/** A session id: the org's id, and a secret. */
const SESSION_ID = /(^| )00D[A-Za-z0-9]{12,15}!/;

/** Ways to log in at Salesforce that cannot work. */
function loginProblems(path: Path, { credentials, dialect }: UpstreamConfig): Problem[] {
  if (credentials === 'passthrough') return [];
  const { header = {}, oauth } = credentials;
  const problems: Problem[] = [];
  const host = oauth === undefined ? '' : new URL(oauth.tokenUrl).hostname;
  if (oauth?.grant === 'client-credentials' && GENERIC_LOGIN.test(host)) {
    const rule = `${host} does not serve the grant client-credentials`;
    const advice = 'use your My Domain, https://NAME.my.salesforce.com/services/oauth2/token';
    problems.push(error([...path, 'credentials', 'oauth', 'tokenUrl'], `${rule}; ${advice}`));
  }
  if (dialect !== 'salesforce-models') return problems;
  for (const [name, value] of Object.entries(header)) {
    if (!SESSION_ID.test(value)) continue;
    const rule = 'holds a session id, which the Models API answers with 404';
    const advice = 'use oauth with a client that issues JWT-based access tokens';
    problems.push(warning([...path, 'credentials', 'header', name], `${rule}; ${advice}`));
  }
  return problems;
}
