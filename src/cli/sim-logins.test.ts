import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { startGateway } from '../gateway/gateway.ts';
import { defaultOrgOptions } from '../simulator/salesforce/org-options.ts';
import { defaultInstanceOptions } from '../simulator/service-now/instance-options.ts';
import { salesforceLogin, serviceNowLogin } from './sim-logins.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const children: ChildProcess[] = [];
after(async () => {
  for (const child of children) {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});

/** What a started `holdfast sim` says to a person and, where asked, to a program. */
async function started(...args: string[]): Promise<{ screen: string; json: string }> {
  const child = spawn(process.execPath, [main, 'sim', '--port', '0', ...args], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const said = { screen: '', json: '' };
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      const isTold = args.includes('--json') ? said.json.endsWith('\n') : true;
      if (isTold && said.screen.includes('Ctrl-C')) resolve();
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.json += text;
      look();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.screen += text;
      look();
    });
    child.once('exit', () => reject(new Error(said.screen)));
  });
  return said;
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

/** One call through a gateway whose upstream has the credentials of this printed line. */
async function askWith(
  line: string,
  upstream: object,
  path: string,
  init: RequestInit,
): Promise<Answered> {
  const gateway = await startGateway({
    env: {},
    config: {
      listen: '127.0.0.1:0',
      admin: 'off',
      guard: false,
      simulator: false,
      log: { level: 'silent', access: false },
      upstreams: { it: { ...upstream, ...(parse(line) as object) } },
      routes: [{ match: { path: '/**' }, upstreams: ['it'] }],
    },
  });
  try {
    const answer = await fetch(gateway.url + path, init);
    return { status: answer.status, text: await answer.text() };
  } finally {
    await gateway.close(500);
  }
}

describe('what holdfast sim says of its accounts', () => {
  let screen: string;
  before(async () => {
    ({ screen } = await started());
  });

  /** The address of a service and the line below it. */
  function printed(name: string): { url: string; line: string } {
    const [, url = '', line = ''] =
      new RegExp(`^ {2}${name} on (http:\\S+)\\n +(credentials: .*)$`, 'm').exec(screen) ?? [];
    assert.notEqual(line, '', screen);
    return { url, line };
  }

  it('opens the ServiceNow instance to an upstream that has it in its file', async () => {
    const { url, line } = printed('ServiceNow');
    const upstream = { dialect: 'servicenow', endpoints: [url] };
    const path = '/api/now/table/incident?sysparm_limit=2';
    const { status, text } = await askWith(line, upstream, path, {});
    assert.equal(status, 200, text);
    assert.equal((JSON.parse(text) as { result: unknown[] }).result.length, 2);
    // Without an account it is closed.
    assert.equal((await fetch(url + path)).status, 401);
  });

  it('opens it without the user as well, as an instance does that allows it', async () => {
    const { url, line } = printed('ServiceNow');
    const { credentials } = parse(line) as { credentials: { oauth: Record<string, string> } };
    const { tokenUrl, clientId, clientSecret } = credentials.oauth;
    const alone = JSON.stringify({ credentials: { oauth: { tokenUrl, clientId, clientSecret } } });
    const upstream = { dialect: 'servicenow', endpoints: [url] };
    const { status } = await askWith(alone, upstream, '/api/now/table/incident', {});
    assert.equal(status, 200);
  });

  it('opens the Salesforce org to an upstream that has it in its file', async () => {
    const { url, line } = printed('Salesforce Models');
    const models = { '*': 'sfdc_ai__DefaultBedrockAnthropicClaude45Sonnet' };
    const upstream = { dialect: 'salesforce-models', endpoints: [url], models };
    const body = { model: 'm', max_tokens: 50, messages: [{ role: 'user', content: 'Hi' }] };
    const { status, text } = await askWith(line, upstream, '/v1/messages', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(status, 200, text);
  });

  it('is the same for programs, and leaves out what does not run', async () => {
    const { json, screen: shown } = await started('--json', '--servicenow-port', 'off');
    const { salesforce, oauth } = JSON.parse(json) as { salesforce: string; oauth: object };
    assert.deepEqual(oauth, { salesforce: salesforceLogin(salesforce) });
    assert.doesNotMatch(shown, /ServiceNow/);
  });

  it('has its names from the services themselves', () => {
    const { clientId = '', clientSecret } = salesforceLogin('http://h');
    assert.equal(defaultOrgOptions.clients.get(clientId), clientSecret);
    const login = serviceNowLogin('http://h');
    const { clients, users } = defaultInstanceOptions;
    assert.equal(clients[login['clientId'] ?? ''], login['clientSecret']);
    assert.equal(users[login['username'] ?? ''], login['password']);
  });
});
