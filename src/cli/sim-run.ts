// The run of `holdfast sim`: start, what to do next, signal, report. Prints; the server itself
// lives in the testing room.

import { exitCodes } from '../gateway/exit-codes.ts';
import { StartFault, listenFault } from '../gateway/listen-fault.ts';
import { SalesforceOrg } from '../simulator/salesforce/salesforce-org.ts';
import { orgWishTable } from '../simulator/salesforce/org-wishes.ts';
import { serviceNowInstance } from '../simulator/service-now/service-now-instance.ts';
import type { InstanceReport } from '../simulator/service-now/service-now-instance.ts';
import { wishTable } from '../simulator/service-now/wishes.ts';
import { StandaloneSimulator } from '../simulator/standalone.ts';
import { pointTable } from '../testing/fault-draft.ts';
import { FaultSpecDefect, parseFaultSpec } from '../testing/fault-spec.ts';
import type { FaultRule } from '../testing/fault-spec.ts';
import { faultTable } from '../testing/fault-table.ts';
import { SimServer } from '../testing/sim-server.ts';
import type { SimReport, SimServerOptions } from '../testing/sim-server.ts';
import { complain, print } from './print.ts';
import { credentialsLine, salesforceLogin, serviceNowLogin } from './sim-logins.ts';
import type { OAuthLogin } from './sim-logins.ts';

const HOST = '127.0.0.1';
/** Where the Salesforce org stands below the providers. */
const SALESFORCE = '/salesforce';

/** How a simulated provider is run. */
export interface SimOptions {
  readonly port: number;
  /** Without it one above `port`, or any free one where that is any. */
  readonly servicenowPort?: number | 'off';
  readonly faults: readonly string[];
  readonly seed?: number;
  readonly speed: number;
  readonly json: boolean;
}

/** Runs a simulated provider until a signal ends it. Answers the exit code. */
export async function runSim(options: SimOptions): Promise<number> {
  const { json, faults: specs, servicenowPort, ...rest } = options;
  const faults = specs.map(ruleOf);
  const service = new StandaloneSimulator([[SALESFORCE, new SalesforceOrg()]]);
  const server = await listen({ ...rest, host: HOST, faults, service });
  const next = rest.port === 0 ? 0 : server.port + 1;
  const instance = await besides(server, servicenowPort ?? next);
  complain(startText(server.url, instance?.url, specs));
  if (json) {
    print(`${JSON.stringify(startJson(server.url, instance?.url))}\n`);
  }
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  const report = server.report();
  const servicenow = instance?.report();
  await server.close();
  await instance?.close();
  const whole = { ...report, servicenow };
  print(json ? `${JSON.stringify(whole)}\n` : reportText(report, servicenow));
  return exitCodes.ok;
}

function ruleOf(spec: string): FaultRule {
  const rule = parseFaultSpec(spec);
  if (!(rule instanceof FaultSpecDefect)) return rule;
  throw new StartFault(
    [`--fault ${spec}: ${rule.message}`, 'see holdfast sim --list-faults'],
    true,
  );
}

async function listen(options: SimServerOptions & { readonly port: number }): Promise<SimServer> {
  try {
    return await SimServer.listen(options);
  } catch (fault) {
    throw listenFault('port', { host: HOST, port: options.port }, fault);
  }
}

/** The instance beside a server that listens already: a start that fails leaves none behind. */
async function besides(
  server: SimServer,
  port: number | 'off',
): Promise<RunningInstance | undefined> {
  try {
    return await listenServiceNow(port);
  } catch (fault) {
    // An open listener would keep the process alive behind its last words.
    await server.close();
    throw fault;
  }
}

/** A running instance of ServiceNow. */
interface RunningInstance {
  readonly url: string;
  report(): InstanceReport;
  close(): Promise<void>;
}

/** Closes connections by itself, which a planned answer cannot; so it has a port of its own. */
async function listenServiceNow(port: number | 'off'): Promise<RunningInstance | undefined> {
  if (port === 'off') return undefined;
  const instance = serviceNowInstance();
  try {
    const { url } = await instance.listen(port);
    return { url, report: () => instance.report, close: () => instance.close() };
  } catch (fault) {
    throw listenFault('servicenow-port', { host: HOST, port }, fault);
  }
}

/** Addresses, and how the services that have accounts are entered. */
function startJson(url: string, servicenow: string | undefined): object {
  const salesforce = url + SALESFORCE;
  const oauth = {
    salesforce: salesforceLogin(salesforce),
    ...(servicenow === undefined ? {} : { servicenow: serviceNowLogin(servicenow) }),
  };
  return { url, salesforce, servicenow, oauth };
}

function startText(url: string, servicenow: string | undefined, specs: readonly string[]): string {
  const faults = specs.map((spec) => `  fault: ${spec}\n`).join('');
  const variables = `HOLDFAST_ANTHROPIC_URL=${url} HOLDFAST_OPENAI_URL=${url}`;
  const org = url + SALESFORCE;
  const services = [serviceText('Salesforce Models', org, salesforceLogin(org))];
  if (servicenow !== undefined) {
    services.push(serviceText('ServiceNow', servicenow, serviceNowLogin(servicenow)));
  }
  return `Simulated Anthropic and OpenAI on ${url}
${services.join('')}${faults}  behind a gateway: ${variables} holdfast serve
  end it with Ctrl-C to see what it saw
`;
}

/** A service with accounts, and the line by which an upstream enters it. */
function serviceText(name: string, url: string, login: OAuthLogin): string {
  return `  ${name} on ${url}\n    ${credentialsLine(login)}\n`;
}

function reportText(report: SimReport, servicenow: InstanceReport | undefined): string {
  const { requests, answered, aborted, connections, struck } = report;
  const rules = struck.map(({ spec, times }) => `  ${spec}: struck ${times} times\n`).join('');
  const callers = `${answered} answered, ${aborted} left early`;
  const providers = `${requests} requests on ${connections} connections, ${callers}\n${rules}`;
  if (servicenow === undefined || servicenow.requests === 0) return providers;
  const { requests: asked, atOnceMost, closed, refused } = servicenow;
  const ends = `at most ${atOnceMost} at a time, ${closed} closed, ${refused} refused`;
  return `${providers}ServiceNow: ${asked} requests, ${ends}\n`;
}

/** The language of `--fault`, for a person or as JSON. */
export function faultList(json: boolean): string {
  const wishes = { salesforce: orgWishTable, servicenow: wishTable };
  if (json) {
    return `${JSON.stringify({ groups: faultTable, points: pointTable, wishes }, undefined, 2)}\n`;
  }
  const asRows = (help: typeof wishTable): string =>
    table(help.map(({ form, meaning }) => ({ form, doc: meaning })));
  const own =
    `wishes in a prompt, Salesforce alone\n${asRows(orgWishTable)}\n` +
    `wishes to ServiceNow, as a header or query parameter\n${asRows(wishTable)}`;
  const groups = faultTable.map(({ title, rows }) => `${title}\n${table(rows)}`);
  return `${groups.join('\n')}\nPOINT is one of\n${table(pointTable)}\n${own}`;
}

function table(rows: readonly { readonly form: string; readonly doc: string }[]): string {
  const width = Math.max(...rows.map(({ form }) => form.length));
  return rows.map(({ form, doc }) => `  ${form.padEnd(width)}  ${doc}\n`).join('');
}
