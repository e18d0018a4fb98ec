// What clients must be told so that they use a gateway: exports for a shell, a JSON object, and a
// snippet for Codex. Knows the variables of each client (reference: clients), nothing of running.

import { findConfigFile, loadConfigFile } from './config-source.ts';
import type { Environment } from './config/interpolate.ts';
import { formatAddress } from './config/values.ts';
import type { Address } from './config/values.ts';
import { StartFault } from './listen-fault.ts';

/**
 * The address of the gateway as a client on this machine sees it: the one told, else that of the
 * configuration. Throws a `StartFault` when the configuration cannot be read.
 */
export function clientUrl(
  told: string | undefined,
  configFile: string | undefined,
  env: Environment,
): string {
  if (told !== undefined) return told.replace(/\/+$/, '');
  const { settings, lines } = loadConfigFile(findConfigFile(configFile, env), env);
  if (settings === undefined) throw new StartFault(lines, true);
  return localUrl(settings.listen);
}

/** An address to connect to, for one to listen on. */
export function localUrl({ host, port }: Address): string {
  const everywhere: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return `http://${formatAddress({ host: everywhere[host] ?? host, port })}`;
}

/** One variable of one or more clients. */
export interface ClientVariable {
  readonly name: string;
  readonly value: string;
  readonly of: string;
}

/** The variables that point clients at a gateway. `url` is its address without a path. */
export function clientVariables(url: string): ClientVariable[] {
  return [
    { name: 'ANTHROPIC_BASE_URL', value: url, of: 'Claude Code and the Anthropic SDKs' },
    { name: 'OPENAI_BASE_URL', value: `${url}/v1`, of: 'the OpenAI SDKs' },
  ];
}

/** The lines for `eval "$(holdfast env)"`: exports, and what cannot be exported as comments. */
export function shellExports(url: string): string {
  const exports = clientVariables(url).map(
    ({ name, value, of }) => `# ${of}\nexport ${name}=${shellQuoted(value)}`,
  );
  const codex = codexConfig(url)
    .trimEnd()
    .split('\n')
    .map((line) => `#   ${line}`.trimEnd());
  return [
    ...exports,
    '# Keys stay as they are: the gateway passes on what each client sends.',
    '# Without a key, the simulator answers: export ANTHROPIC_API_KEY=none ANTHROPIC_MODEL=sim-chat',
    '# Codex reads a file instead; put this into ~/.codex/config.toml:',
    ...codex,
    '',
  ].join('\n');
}

/** The same for a program. */
export function jsonExports(url: string): string {
  const pairs = clientVariables(url).map(({ name, value }) => [name, value] as const);
  const report = { env: Object.fromEntries(pairs), codexConfigToml: codexConfig(url) };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

/** A provider for `~/.codex/config.toml`. */
export function codexConfig(url: string): string {
  return `model_provider = "holdfast"

[model_providers.holdfast]
name = "Holdfast"
base_url = "${url}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
`;
}

function shellQuoted(value: string): string {
  return /^[\w:/.[\]-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
