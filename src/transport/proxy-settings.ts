// Decides from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY which forward proxy leads to an
// endpoint, by the rules that curl and most runtimes share. Pure: the environment is handed in.
// Refuses to guess: CIDR ranges in NO_PROXY are not understood and match nothing.

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy settings of an environment, read once. */
export interface ProxySettings {
  readonly forHttps: string | undefined;
  readonly forHttp: string | undefined;
  readonly exceptions: readonly ProxyException[];
}

/** One entry of NO_PROXY. */
export interface ProxyException {
  /** Lower-case name or address, without a leading dot; `*` = everything. */
  readonly name: string;
  /** 0 = any port. */
  readonly port: number;
}

/** Reads the settings; lower-case names win over upper-case ones, as in curl. */
export function readProxySettings(environment: Environment): ProxySettings {
  const all = read(environment, 'all_proxy');
  return {
    forHttps: read(environment, 'https_proxy') ?? all,
    // Upper-case HTTP_PROXY is taken too: the CGI hole that made curl refuse it needs a CGI server.
    forHttp: read(environment, 'http_proxy') ?? all,
    exceptions: readExceptions(read(environment, 'no_proxy')),
  };
}

/** The proxy to tunnel through to this endpoint, or `undefined` to go straight. */
export function proxyFor(
  settings: ProxySettings,
  endpoint: { readonly secure: boolean; readonly host: string; readonly port: number },
): string | undefined {
  const proxy = endpoint.secure ? settings.forHttps : settings.forHttp;
  if (proxy === undefined) return undefined;
  const host = plainHost(endpoint.host);
  if (isLoopback(host)) return undefined;
  const excepted = settings.exceptions.some((rule) => covers(rule, host, endpoint.port));
  return excepted ? undefined : proxy;
}

function read(environment: Environment, lowerName: string): string | undefined {
  const value = (environment[lowerName] ?? environment[lowerName.toUpperCase()])?.trim();
  if (value === undefined || value === '') return undefined;
  return value;
}

function readExceptions(text: string | undefined): ProxyException[] {
  if (text === undefined) return [];
  const exceptions: ProxyException[] = [];
  for (const word of text.split(/[\s,]+/)) {
    const rule = readException(word.toLowerCase());
    if (rule !== undefined) exceptions.push(rule);
  }
  return exceptions;
}

function readException(word: string): ProxyException | undefined {
  if (word === '') return undefined;
  if (word === '*') return { name: '*', port: 0 };
  const match = /^(?<name>\[[^\]]+\]|[^:]+|[0-9a-f:]+?)(?::(?<port>[0-9]{1,5}))?$/.exec(word);
  const isBareAddress = (word.match(/:/g)?.length ?? 0) > 1 && !word.startsWith('[');
  const name = isBareAddress ? word : (match?.groups?.['name'] ?? '');
  const port = isBareAddress ? 0 : Number(match?.groups?.['port'] ?? 0);
  const plain = plainHost(name).replace(/^\*?\./, '');
  return plain === '' ? undefined : { name: plain, port };
}

function covers(rule: ProxyException, host: string, port: number): boolean {
  if (rule.port !== 0 && rule.port !== port) return false;
  if (rule.name === '*' || rule.name === host) return true;
  return host.endsWith(`.${rule.name}`);
}

function plainHost(host: string): string {
  const lower = host.toLowerCase().replace(/\.$/, '');
  return lower.startsWith('[') && lower.endsWith(']') ? lower.slice(1, -1) : lower;
}

/** A proxy elsewhere cannot reach what listens on this machine. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}
