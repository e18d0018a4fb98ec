import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe('holdfast', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const environment = (extra: Record<string, string>): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    ...extra,
  });
  const run = (args: readonly string[], env: Record<string, string> = {}): Ran => {
    const ran = spawnSync(process.execPath, [main, ...args], {
      cwd: folder,
      env: environment(env),
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { code: ran.status, out: ran.stdout, err: ran.stderr };
  };
  const launch = (args: readonly string[]): ChildProcessWithoutNullStreams =>
    spawn(process.execPath, [main, ...args], { cwd: folder, env: environment({}) });

  it('prints its version', () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    assert.deepEqual(run(['--version']), { code: 0, out: `${version}\n`, err: '' });
  });

  it('ends with 2 and a hint when it is used wrongly', () => {
    const { code, err } = run(['serve', '--lisen', 'x']);
    assert.equal(code, 2);
    assert.match(err, /Did you mean --listen\?/);
  });

  it('makes a configuration that it finds valid, and does not overwrite it', () => {
    assert.equal(run(['config', 'init', 'made.yaml']).code, 0);
    const check = run(['config', 'check', '--config', 'made.yaml']);
    assert.deepEqual(check, {
      code: 0,
      out: 'made.yaml is valid: 2 upstreams, 8 routes\n',
      err: '',
    });
    const again = run(['config', 'init', 'made.yaml']);
    assert.equal(again.code, 2);
    assert.match(again.err, /exists already.*--force/);
  });

  it('says every fault of a configuration with its line, for people and for programs', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'listne: 1\ndrain: { lag: 5 }\n');
    const check = run(['config', 'check', '--config', 'bad.yaml']);
    assert.equal(check.code, 2);
    assert.equal(check.out, '');
    assert.match(check.err, /^bad\.yaml:2: drain\.lag: 5 has no unit; write for example "5s"$/m);
    assert.match(check.err, /^bad\.yaml:1: listne: unknown option; did you mean "listen"\?$/m);
    const json = run(['config', 'check', '--config', 'bad.yaml', '--json']);
    assert.equal(json.code, 2);
    const report = JSON.parse(json.out) as { valid: boolean; problems: { path: string }[] };
    assert.equal(report.valid, false);
    assert.deepEqual(report.problems.map(({ path }) => path).toSorted(), ['drain.lag', 'listne']);
    assert.equal(run(['serve', '--config', 'bad.yaml']).code, 2);
  });

  it('explains an option, and masks secrets', () => {
    writeFileSync(
      join(folder, 'secret.yaml'),
      'upstreams:\n  u:\n    endpoints: ["https://u.example"]\n' +
        '    credentials: { header: { x-api-key: ${KEY} } }\n' +
        'routes: [{ match: { path: /** }, upstreams: [u] }]\n',
    );
    const env = { KEY: 'top-secret', HOLDFAST_CONFIG: 'secret.yaml' };
    const { code, out } = run(['config', 'explain'], env);
    assert.equal(code, 0);
    assert.match(out, /^upstreams\.u\.credentials\.header: \{ x-api-key: \*\*\* \} +# file$/m);
    assert.doesNotMatch(out, /top-secret/);
    const one = run(['config', 'explain', 'drain.grace'], env).out;
    assert.match(one, /^drain\.grace: 120s {2}# default\n {4}\S.*\n {4}Why: \S.*\n$/);
    assert.equal(run(['config', 'explain', 'drian'], env).code, 2);
  });

  it('prints a JSON Schema', () => {
    const { out } = run(['config', 'schema']);
    assert.equal((JSON.parse(out) as { type: string }).type, 'object');
  });

  for (const args of [
    ['config', 'schema'],
    ['config', 'explain'],
    ['sim', '--list-faults'],
  ]) {
    it(`ends well when its reader has seen enough: ${args.join(' ')}`, async () => {
      const child = launch(args);
      let err = '';
      child.stderr.on('data', (bytes: Buffer) => {
        err += bytes.toString();
      });
      // Closed before the first byte: whatever is written finds nobody.
      child.stdout.destroy();
      const [code] = (await once(child, 'close')) as [number | null];
      assert.deepEqual({ code, err }, { code: 0, err: '' });
    });
  }

  it('prints the exports for clients', () => {
    assert.match(run(['env']).out, /^export ANTHROPIC_BASE_URL=http:\/\/127\.0\.0\.1:8787$/m);
    const { env } = JSON.parse(run(['env', '--json', '--url', 'http://h:1']).out) as {
      env: Record<string, string>;
    };
    assert.equal(env['OPENAI_BASE_URL'], 'http://h:1/v1');
  });

  it('lists the faults of the simulator and refuses others with the nearest name', () => {
    assert.match(run(['sim', '--list-faults']).out, /^ {2}rst@POINT /m);
    const { code, err } = run(['sim', '--fault', 'rts']);
    assert.equal(code, 2);
    assert.match(err, /did you mean "rst@POINT"/);
  });

  it('serves: a curl line that streams offline, JSON on standard output, a clean end', async () => {
    const gateway = launch(['serve', '--listen', '127.0.0.1:0', '--admin', 'off']);
    const screen = await textUntil(gateway.stderr, 'env');
    const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(screen) ?? [];
    assert.equal(screen.trimEnd().split('\n').length, 3);
    const [, body = ''] = /-d '(\{.*\})'/.exec(screen) ?? [];
    const quick = body.replace('sim-chat', 'sim-fast');
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: quick,
    });
    assert.match(await answer.text(), /data: \[DONE\]\n\n$/);
    const lines = textUntil(gateway.stdout, '"msg":"closed"');
    gateway.kill('SIGINT');
    const code = await new Promise((resolve) => gateway.on('exit', resolve));
    assert.equal(code, 0);
    const logged = (await lines)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string });
    assert.deepEqual(
      logged.map(({ msg }) => msg),
      ['listening', 'call', 'draining', 'closed'],
    );
  });

  it('runs the simulated provider and tells at the end what it saw', async () => {
    const sim = launch(['sim', '--port', '0', '--fault', 'status:503', '--json']);
    const started = await textUntil(sim.stdout, '\n');
    const { url } = JSON.parse(started) as { url: string };
    assert.equal((await fetch(`${url}/v1/models`)).status, 503);
    const report = textUntil(sim.stdout, '"struck"');
    sim.kill('SIGINT');
    assert.equal(await new Promise((resolve) => sim.on('exit', resolve)), 0);
    assert.equal((JSON.parse(await report) as { requests: number }).requests, 1);
  });

  it('ends with 1 when the simulated instance cannot have its port', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    const { code, err } = run(['sim', '--port', '0', '--servicenow-port', String(port)]);
    holder.close();
    assert.equal(code, 1);
    assert.match(err, /is in use.* --servicenow-port 0/);
  });

  it('has no configuration file where none was made', () => {
    assert.equal(existsSync(join(folder, 'holdfast.yaml')), false);
  });
});

/** What a stream says until it has said `mark`. */
function textUntil(stream: NodeJS.ReadableStream, mark: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stream.on('data', (part: Buffer) => {
      text += part.toString();
      if (text.includes(mark)) resolve(text);
    });
    stream.on('end', () => reject(new Error(`it ended with: ${text}`)));
  });
}
