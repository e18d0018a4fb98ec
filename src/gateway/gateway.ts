// The whole gateway in one process: configuration to routes, routes to stacks, stacks to listeners,
// and the way back down. Everything it needs of the world can be handed in; nothing is global.
// Invariant: after `close` or `destroy` no socket, timer or watcher of it is left.

import { systemClock } from '../core/clock.ts';
import type { Leases } from '../core/leases.ts';
import { systemRandom } from '../core/random.ts';
import { HttpServer } from '../edges/http-server/http-server.ts';
import { NodeHttpServer } from '../edges/http-server/node-http-server.ts';
import type { Drain } from '../layers/drain/drain.ts';
import type { DrainReport } from '../layers/drain/drain-tally.ts';
import { plainClose } from '../layers/drain/options.ts';
import { AdminServer } from './admin.ts';
import type { AdminViews } from './admin.ts';
import { ConfigWatch } from './config-watch.ts';
import type { Environment } from './config/interpolate.ts';
import type { ConfigSource, Loaded } from './config/load.ts';
import type { Settings } from './config/settings.ts';
import type { Address } from './config/values.ts';
import { localUrl } from './client-settings.ts';
import { Engine } from './engine.ts';
import { adapted, loadFrom, sourceOf } from './gateway-options.ts';
import type { GatewayOptions } from './gateway-options.ts';
import { StartFault, listenFault } from './listen-fault.ts';
import { silentLog } from './process-log.ts';
import type { ProcessLog } from './process-log.ts';
import { SwitchRouter } from './router.ts';
import { Snapshot, needsRestart } from './snapshot.ts';
import { TOO_LATE, WayOut } from './way-out.ts';
import type { DrainHow } from './way-out.ts';

/** Leases the debug view lists. */
const LEASES_SHOWN = 200;

/** A running gateway. */
export interface Gateway {
  /** Where callers connect, without a path. */
  readonly url: string;
  readonly adminUrl: string | undefined;
  /** The configuration in force. */
  readonly settings: Settings;
  /** What calls and pools hold now. */
  readonly leases: Leases;
  /** What the admin listener shows. */
  readonly views: AdminViews;
  metricsText(): Promise<string>;
  /**
   * Puts a new configuration in force: the object given, else the file read again. Answers what is
   * wrong with it; with errors, or once the way out has begun, the old one stays.
   */
  reload(config?: Readonly<Record<string, unknown>>): readonly string[];
  /** The same with a configuration that somebody else has read. */
  reloadFrom(source: ConfigSource | undefined): readonly string[];
  /** Takes no more calls, lets running ones finish for `graceMs` (default: `drain`), then cuts. */
  close(graceMs?: number): Promise<DrainReport>;
  /** As `close`, but in phases, so that callers can go elsewhere before (configuration `drain`). */
  drain(how?: DrainHow): Promise<DrainReport>;
  /** Ends the grace of a drain under way: streams are told why, then everything is cut. */
  cut(): void;
  /** Cuts everything at once. */
  destroy(): void;
}

/** Starts a gateway. Fails with a `StartFault` whose lines say what to do. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const env = options.env ?? {};
  const loaded = loadFrom(sourceOf(options), options, env);
  const settings = adapted(options, loaded);
  if (settings === undefined) throw new StartFault(loaded.lines, true);
  const gateway = new RunningGateway(options, env, loaded, settings);
  await gateway.listen();
  return gateway;
}

class RunningGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #env: Environment;
  readonly #log: ProcessLog;
  readonly #engine: Engine;
  readonly #wayOut: WayOut;
  readonly #drain: Drain;
  readonly views: AdminViews;
  readonly #router: SwitchRouter;
  readonly #edge: HttpServer | NodeHttpServer;
  readonly #admin: AdminServer | undefined;
  readonly #watch: ConfigWatch | undefined;
  #snapshot: Snapshot;
  /** What was read last, whether it came into force or not. */
  #lastLoaded: Loaded;
  #url: string = '';
  #adminUrl: string | undefined = undefined;
  #destroyed: boolean = false;
  #ended: Promise<DrainReport> | undefined = undefined;

  constructor(options: GatewayOptions, env: Environment, loaded: Loaded, settings: Settings) {
    this.#options = options;
    this.#env = env;
    const output = options.openLog?.(settings.log.level);
    this.#log = output?.log ?? silentLog;
    const clock = options.clock ?? systemClock;
    const lines = settings.log.access ? (options.accessLog ?? output?.lines) : undefined;
    const random = options.random ?? systemRandom;
    const { tokens } = options;
    this.#engine = new Engine({ clock, random, lines, env, log: this.#log, tokens }, settings);
    const { edgeDeps } = this.#engine;
    this.#drain = this.#engine.drain;
    this.#lastLoaded = loaded;
    this.#snapshot = new Snapshot(
      loaded,
      settings,
      this.#engine.services,
      env,
      this.#engine.access,
    );
    this.#router = new SwitchRouter(this.#snapshot.router);
    this.#engine.use(this.#snapshot.router.table);
    const Edge = settings.edge === 'own' ? HttpServer : NodeHttpServer;
    const closeSoon = (): boolean => this.#drain.closesNext();
    const { edgeOptions } = this.#engine;
    this.#edge = new Edge(this.#router, { ...edgeDeps, closeSoon }, edgeOptions);
    const parts = { clock, drain: this.#drain, edge: this.#edge, log: this.#log };
    this.#wayOut = new WayOut(parts);
    this.views = this.#makeViews();
    this.#admin =
      settings.admin === 'off' ? undefined : new AdminServer(this.views, settings.admin);
    const { configFile } = options;
    if (configFile !== undefined && sourceOf(options) === undefined) {
      this.#watch = new ConfigWatch(
        configFile,
        clock,
        () => this.#fileTouched(),
        (why) => this.#log.warn({ why }, 'the file is not watched; send SIGHUP after a change'),
      );
    }
    this.#warn(loaded);
  }

  get url(): string {
    return this.#url;
  }

  get adminUrl(): string | undefined {
    return this.#adminUrl;
  }

  get settings(): Settings {
    return this.#snapshot.settings;
  }

  get leases(): Leases {
    return this.#engine.leases;
  }

  async listen(): Promise<void> {
    const { listen, admin } = this.settings;
    const { reusePort = this.settings.reusePort } = this.#options;
    try {
      this.#url = localUrl(await this.#listenAt('listen', this.#edge, listen, reusePort));
      if (this.#admin !== undefined && admin !== 'off') {
        this.#adminUrl = localUrl(await this.#listenAt('admin', this.#admin, admin, reusePort));
      }
    } catch (fault) {
      this.destroy();
      throw fault;
    }
    const { file } = this.settings;
    const facts = { listen: this.#url, admin: this.#adminUrl, config: file ?? 'built in' };
    this.#log.info({ ...facts, node: process.versions.node }, 'listening');
  }

  async #listenAt(
    option: 'listen' | 'admin',
    server: { listen(at: Address & { readonly reusePort: boolean }): Promise<Address> },
    at: Address,
    reusePort: boolean,
  ): Promise<Address> {
    try {
      return await server.listen({ ...at, reusePort });
    } catch (fault) {
      throw listenFault(option, at, fault);
    }
  }

  async metricsText(): Promise<string> {
    return (await this.#engine.scrape()).text;
  }

  reload(config?: Readonly<Record<string, unknown>>): readonly string[] {
    return this.reloadFrom(config === undefined ? sourceOf(this.#options) : { value: config });
  }

  reloadFrom(source: ConfigSource | undefined): readonly string[] {
    if (this.#closing) {
      // It would ask for tokens and open sockets that nobody closes any more.
      this.#log.warn({}, TOO_LATE);
      return [TOO_LATE];
    }
    this.#apply(loadFrom(source, this.#options, this.#env));
    return this.#lastLoaded.lines;
  }

  #apply(loaded: Loaded): void {
    this.#lastLoaded = loaded;
    const { lines } = loaded;
    const settings = adapted(this.#options, loaded);
    if (settings === undefined) {
      this.#log.error({ problems: lines }, 'the new configuration is refused; the old one stays');
      return;
    }
    const before = this.#snapshot;
    const { access, services } = this.#engine;
    const after = new Snapshot(loaded, settings, services, this.#env, access, before);
    this.#snapshot = after;
    this.#router.current = after.router;
    this.#engine.use(after.router.table);
    this.#log.info({ routes: settings.routes.length }, 'the new configuration is in force');
    const late = needsRestart(before.settings, settings);
    if (late.length > 0) this.#log.warn({ options: late }, 'these take effect at the next start');
    this.#warn(loaded);
  }

  close(graceMs: number = this.settings.drain.graceMs): Promise<DrainReport> {
    return this.drain({ ...plainClose, graceMs });
  }

  drain(how: DrainHow = {}): Promise<DrainReport> {
    this.#ended ??= this.#end(how);
    return this.#ended;
  }

  cut(): void {
    this.#drain.cut();
    this.#engine.cut();
  }

  async #end(how: DrainHow): Promise<DrainReport> {
    this.#watch?.close();
    // On a shared port the successor answers for readiness from now on.
    if (this.#options.reusePort === true) void this.#admin?.close();
    const report = await this.#wayOut.go(this.settings.drain, how);
    await this.#admin?.close();
    this.#engine.close();
    if (report.cut === 0) this.#log.info(report, 'closed');
    else this.#log.warn(report, 'closed; some calls had to be cut');
    return report;
  }

  destroy(): void {
    this.#destroyed = true;
    this.#watch?.close();
    this.#edge.destroy();
    // A drain under way is over with that, whatever phase it was in.
    this.#drain.cut();
    void this.#admin?.close();
    this.#engine.close();
  }

  /** Reads the file again unless nothing in it has changed. */
  #fileTouched(): void {
    if (this.#closing) return;
    const loaded = loadFrom(undefined, this.#options, this.#env);
    if (contentOf(loaded) !== contentOf(this.#lastLoaded)) this.#apply(loaded);
  }

  #warn({ lines }: Loaded): void {
    for (const line of lines) this.#log.warn({}, line);
  }

  get #closing(): boolean {
    return this.#destroyed || this.#wayOut.begun;
  }

  #makeViews(): AdminViews {
    return {
      ready: () => {
        this.#wayOut.readyAsked();
        return !this.#closing;
      },
      readyNote: () => (this.#closing ? undefined : this.#engine.readyNote),
      metrics: () => this.#engine.scrape(),
      pages: {
        leases: () => this.#engine.leases.oldest(LEASES_SHOWN),
        endpoints: () => this.#engine.endpoints(),
        config: () => this.#snapshot.explained(),
        ...this.#engine.pages(),
      },
    };
  }
}

/** Equal for two readings of a file in which nothing of meaning has changed. */
function contentOf({ input, lines }: Loaded): string {
  return JSON.stringify([input, lines]);
}
