// How callers enter the simulated services: their OAuth clients, in the words of the option
// `credentials.oauth` of an upstream, so that a configuration can be tried with what is printed.
// The names and secrets come from where the services have them.

import { defaultOrgOptions } from '../simulator/salesforce/org-options.ts';
import { TOKEN_PATH } from '../simulator/salesforce/salesforce-org.ts';
import { defaultInstanceOptions } from '../simulator/service-now/instance-options.ts';

/** Value of `credentials.oauth`. */
export type OAuthLogin = Readonly<Record<string, string>>;

/** The client of the Salesforce org at this address. */
export function salesforceLogin(url: string): OAuthLogin {
  const [[clientId, clientSecret] = ['', '']] = defaultOrgOptions.clients;
  return { tokenUrl: url + TOKEN_PATH, clientId, clientSecret };
}

/** The client of the ServiceNow instance at this address, for the one user that there is. */
export function serviceNowLogin(url: string): OAuthLogin {
  const { clients, users } = defaultInstanceOptions;
  const [[clientId, clientSecret] = ['', '']] = Object.entries(clients);
  const [[username, password] = ['', '']] = Object.entries(users);
  const tokenUrl = `${url}/oauth_token.do`;
  return { grant: 'password', tokenUrl, clientId, clientSecret, username, password };
}

/** The line of a configuration file that has an upstream use it. */
export function credentialsLine(login: OAuthLogin): string {
  const members = Object.entries(login).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `credentials: { oauth: { ${members.join(', ')} } }`;
}
