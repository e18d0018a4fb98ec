// Every stored credential of a gateway, by the name of its upstream. Outlives reloads: who has the
// same configuration as before keeps its token, and is forgiven what was refused, because whoever
// reloads may have put it right on the other side.
// Bounded: names come from configuration, and `retain` forgets the others.

import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { credentialEdit } from '../../core/header-edit.ts';
import type { Random } from '../../core/random.ts';
import type { Target, TargetGate } from '../../core/target.ts';
import type { TokenStore } from '../../core/token-store.ts';
import { CommandSource } from './command-source.ts';
import type { CommandRunner } from './command-source.ts';
import type { Credential } from './credential.ts';
import { digestOf, grantNameOf, tokenNameOf } from './credential-settings.ts';
import type { CredentialSettings, OauthSettings } from './credential-settings.ts';
import { silentCredentialsObserver } from './credentials-observer.ts';
import type { CredentialsObserver, CredentialView } from './credentials-observer.ts';
import { FileSecret } from './file-secret.ts';
import type { SecretFiles } from './file-secret.ts';
import { OauthSource } from './oauth-source.ts';
import { defaultCredentialsOptions } from './options.ts';
import type { CredentialsOptions } from './options.ts';
import { FleetRenewal } from './fleet-renewal.ts';
import { TokenCache } from './token-cache.ts';
import type { TokenEndpoint } from './token-endpoint.ts';
import type { TokenSource } from './token-source.ts';

/** What the registry is given. */
export interface CredentialsRegistryDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer?: CredentialsObserver;
  /** The way to a token endpoint, by the certificates it is trusted with. */
  readonly endpointOf: (oauth: OauthSettings) => TokenEndpoint;
  readonly runCommand: CommandRunner;
  readonly files: SecretFiles;
  /**
   * Where the upstreams of a gateway and its processes share their tokens. Without it each upstream
   * has its own, and two of them must not have one refresh token.
   */
  readonly store?: TokenStore;
}

interface Entry {
  readonly digest: string;
  readonly credential: Credential;
  /** Where tokens of an OAuth endpoint come from. */
  readonly oauth?: OauthSource;
}

/** The registry. Ends with the gateway. */
export class Credentials implements TargetGate {
  readonly observer: CredentialsObserver;
  readonly refusesAs: ErrorCode = 'CREDENTIALS_UNAVAILABLE';
  readonly #deps: CredentialsRegistryDeps;
  readonly #options: CredentialsOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(
    deps: CredentialsRegistryDeps,
    options: CredentialsOptions = defaultCredentialsOptions,
  ) {
    this.observer = deps.observer ?? silentCredentialsObserver;
    this.#deps = deps;
    this.#options = options;
  }

  /** Puts the settings of an upstream in force. Said again at each reload. */
  configure(name: string, settings: CredentialSettings): void {
    const digest = digestOf(settings);
    const known = this.#entries.get(name);
    if (known?.digest === digest) {
      if (known.credential.kind === 'token') known.credential.cache.reopen();
      return;
    }
    this.#entries.set(name, this.#made(name, settings, digest, known?.oauth));
  }

  /** Forgets upstreams that a new configuration does not have, or not with stored credentials. */
  retain(names: ReadonlySet<string>): void {
    for (const name of this.#entries.keys()) if (!names.has(name)) this.#entries.delete(name);
  }

  /** The credential of this name. */
  of(name: string): Credential | undefined {
    return this.#entries.get(name)?.credential;
  }

  /**
   * Begins to fetch what is not there yet, so that no call has to wait for it. Resolves when all
   * files were looked at; tokens come when they come.
   */
  async warm(): Promise<void> {
    const now = this.#deps.clock.now();
    const looks: Promise<void>[] = [];
    for (const { credential } of this.#entries.values()) {
      if (credential.kind === 'token') credential.cache.warm(now);
      else if (credential.kind === 'file') looks.push(credential.secret.lookNow());
    }
    await Promise.all(looks);
  }

  /**
   * As a gate: shut where there is no token and none can be had now, and another target goes by
   * other credentials. Where none does, the attempt itself is told what is wrong, in more words.
   */
  opensAt(target: Target, call: Call, now: number): number {
    const name = target.route.credential;
    const credential = name === undefined ? undefined : this.of(name);
    if (credential?.kind !== 'token') return 0;
    const opensAt = credential.cache.opensAt(now);
    if (opensAt <= now) return 0;
    return call.route.targets.some(({ route }) => route.credential !== name) ? opensAt : 0;
  }

  view(now: number): CredentialView[] {
    return [...this.#entries].map(([name, { credential }]) => {
      if (credential.kind === 'token') return credential.cache.view(now);
      return credential.kind === 'file' ? credential.secret.view() : fixedView(name);
    });
  }

  /** Renewals under way are not heard any more; who brought endpoints and programs ends those. */
  close(): void {
    for (const { credential } of this.#entries.values()) {
      if (credential.kind === 'token') credential.cache.close();
    }
  }

  #made(
    name: string,
    settings: CredentialSettings,
    digest: string,
    before: OauthSource | undefined,
  ): Entry {
    const { clock, random, endpointOf, files, runCommand } = this.#deps;
    const options = this.#options;
    switch (settings.kind) {
      case 'fixed':
        return { digest, credential: { kind: 'fixed', edit: credentialEdit(settings.fields) } };
      case 'file': {
        const { path, form } = settings;
        const facts = { name, path, form, checkMs: options.fileCheckMs };
        const { observer } = this;
        const secret = new FileSecret({ clock, observer, files }, facts);
        return { digest, credential: { kind: 'file', secret } };
      }
      case 'oauth': {
        const endpoint = endpointOf(settings.oauth);
        const deps = { clock, random, endpoint };
        const oauth = new OauthSource(deps, settings.oauth, options, before);
        return { digest, credential: this.#token(name, settings, oauth), oauth };
      }
      case 'command': {
        const source = new CommandSource(clock, runCommand, settings.command);
        return { digest, credential: this.#token(name, settings, source) };
      }
    }
  }

  #token(
    name: string,
    settings: Extract<CredentialSettings, { kind: 'oauth' | 'command' }>,
    source: TokenSource,
  ): Credential {
    const { clock, random, store } = this.#deps;
    const { kind, form } = settings;
    const options = this.#options;
    const ttlMs = settings.ttlMs ?? options.ttlMs;
    const facts = { name, kind, form, ttlMs, jwtOnly: settings.jwtOnly === true };
    const own = { clock, random, observer: this.observer, source };
    if (store === undefined) {
      const fetch = (): ReturnType<TokenSource['fetch']> => source.fetch();
      return { kind: 'token', cache: new TokenCache({ ...own, fetch }, facts, options) };
    }
    const grant = settings.kind === 'oauth' ? grantNameOf(settings.oauth) : undefined;
    const names = { token: tokenNameOf(name, settings), ...(grant && { grant }) };
    const shared = new FleetRenewal({ clock, random, source, store }, names, ttlMs, options);
    const fetch: typeof shared.fetch = (known) => shared.fetch(known);
    return { kind: 'token', cache: new TokenCache({ ...own, fetch }, facts, options) };
  }
}

function fixedView(name: string): CredentialView {
  return {
    name,
    kind: 'fixed',
    state: 'good',
    // A password can be guessed, and then a digest gives it away.
    fingerprint: '',
    version: 1,
    remainingMs: undefined,
    refreshes: 0,
    failures: 0,
    failuresInARow: 0,
    waiting: 0,
    opensInMs: 0,
    skewMs: 0,
    lastFailure: '',
    advice: '',
  };
}
