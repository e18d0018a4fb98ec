// A gateway of several processes as one: reads the configuration, owns the admin listener, starts
// and replaces workers, and passes on reloads and the way out. Carries no call itself.
//
// Each worker listens on the shared port by itself (SO_REUSEPORT). Measured with 300 connections on
// two workers: the kernel spreads them 148 to 152, one shared listening socket 176 to 124, handing
// connections over from here evenly but at 1.6 times the CPU for each. And a worker that crashes
// takes only its own sockets along.

import { readFileSync } from 'node:fs';
import type { Clock } from '../../core/clock.ts';
import { systemClock } from '../../core/clock.ts';
import type { DrainReport } from '../../layers/drain/drain-tally.ts';
import { AdminServer, adminPages } from '../admin.ts';
import type { AdminPage, AdminViews } from '../admin.ts';
import { localUrl } from '../client-settings.ts';
import { ConfigWatch } from '../config-watch.ts';
import { explained } from '../config/explain.ts';
import type { Environment } from '../config/interpolate.ts';
import type { ConfigSource, Loaded, Overrides } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { loadFrom } from '../gateway-options.ts';
import { StartFault, listenFault } from '../listen-fault.ts';
import type { LogOutput, ProcessLog } from '../process-log.ts';
import { needsRestart } from '../snapshot.ts';
import type { DrainHow } from '../way-out.ts';
import { TOO_LATE, WATCHED_MS } from '../way-out.ts';
import { Crew } from './crew.ts';
import { assertFree } from './free-port.ts';
import { mergedPage } from './merged-pages.ts';

/** What a supervisor is made from. */
export interface SupervisorOptions {
  /** At least 2; one worker needs no supervisor. */
  readonly workers: number;
  readonly configFile: string | undefined;
  readonly overrides: Overrides;
  readonly env: Environment;
  readonly openLog: (level: string) => LogOutput;
  /** Takes a port that a predecessor still has, as in an upgrade. */
  readonly reusePort: boolean;
}

/** A configuration with nothing wrong, and the text it was made from. */
interface InForce {
  readonly loaded: Loaded;
  readonly settings: Settings;
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A running gateway of several processes. Ends by `drain` or `destroy`. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clock: Clock = systemClock;
  readonly #log: ProcessLog;
  readonly #crew: Crew;
  readonly #admin: AdminServer | undefined;
  #watch: ConfigWatch | undefined = undefined;
  #inForce: InForce;
  /** What was read last, good or not. */
  #lastRead: string;
  #url: string = '';
  #adminUrl: string | undefined = undefined;
  #readyAskedAt: number = -Infinity;
  #ended: Promise<DrainReport> | undefined = undefined;

  private constructor(options: SupervisorOptions, inForce: InForce, text: string) {
    this.#options = options;
    this.#inForce = inForce;
    this.#lastRead = text;
    const { settings } = inForce;
    const { log, lines } = options.openLog(settings.log.level);
    this.#log = log;
    const { env, overrides } = options;
    const write = (whole: string): void => void lines.write(whole);
    const deps = { clock: this.#clock, env, overrides, log, lines: write };
    this.#crew = new Crew(options.workers, deps);
    this.#admin =
      settings.admin === 'off' ? undefined : new AdminServer(this.#views(), settings.admin);
  }

  /** Starts it. Fails with a `StartFault` whose lines say what to do. */
  static async start(options: SupervisorOptions): Promise<Supervisor> {
    const { source, loaded, text } = read(options);
    if (loaded.settings === undefined) throw new StartFault(loaded.lines, true);
    const inForce = { loaded, settings: loaded.settings };
    const supervisor = new Supervisor(options, inForce, text);
    try {
      await supervisor.#listen(source);
    } catch (fault) {
      supervisor.destroy();
      throw fault;
    }
    supervisor.#follow();
    return supervisor;
  }

  /** Where callers connect, without a path. */
  get url(): string {
    return this.#url;
  }

  get adminUrl(): string | undefined {
    return this.#adminUrl;
  }

  /** The configuration in force, with the limits of the whole gateway. */
  get settings(): Settings {
    return this.#inForce.settings;
  }

  /** Reads the configuration again and gives it to all workers, unless something is wrong. */
  reload(): void {
    if (this.#ended !== undefined) {
      this.#log.warn({}, TOO_LATE);
      return;
    }
    const { source, loaded, text } = read(this.#options);
    this.#lastRead = text;
    const { settings, lines } = loaded;
    if (settings === undefined) {
      this.#log.error({ problems: lines }, 'the new configuration is refused; the old one stays');
      return;
    }
    const late = needsRestart(this.settings, settings);
    this.#inForce = { loaded, settings };
    this.#crew.reload(source);
    this.#log.info({ routes: settings.routes.length }, 'all workers were given the new file');
    if (late.length > 0) this.#log.warn({ options: late }, 'these take effect at the next start');
  }

  /** The way out of all workers. */
  drain(how: DrainHow = {}): Promise<DrainReport> {
    this.#ended ??= this.#end(how);
    return this.#ended;
  }

  /** Ends the grace of a drain under way. */
  cut(): void {
    this.#crew.cut();
  }

  /** Ends everything at once. */
  destroy(): void {
    this.#watch?.close();
    this.#crew.kill();
    void this.#admin?.close();
  }

  async #end(how: DrainHow): Promise<DrainReport> {
    this.#watch?.close();
    if (this.#options.reusePort) void this.#admin?.close();
    const watched = this.#clock.now() - this.#readyAskedAt < WATCHED_MS;
    const report = await this.#crew.drain({ watched, ...how });
    const { finished, failed, cut, refused, tookMs } = report;
    this.#log.info({ finished, failed, cut, refused, tookMs }, 'all workers are gone');
    await this.#admin?.close();
    return report;
  }

  async #listen(source: ConfigSource | undefined): Promise<void> {
    const { listen, admin, file } = this.settings;
    const { reusePort, workers } = this.#options;
    if (!reusePort) await orFault('listen', listen, () => assertFree(listen));
    const server = this.#admin;
    if (server !== undefined && admin !== 'off') {
      this.#adminUrl = localUrl(await orFault('admin', admin, () => server.listen({ reusePort })));
    }
    this.#url = localUrl(await this.#crew.start(listen, source));
    const facts = { listen: this.#url, admin: this.#adminUrl, config: file ?? 'built in', workers };
    this.#log.info({ ...facts, node: process.versions.node }, 'listening');
  }

  #follow(): void {
    const { configFile } = this.#options;
    if (configFile === undefined) return;
    this.#watch = new ConfigWatch(
      configFile,
      this.#clock,
      () => this.#fileTouched(),
      (why) => this.#log.warn({ why }, 'the file is not watched; send SIGHUP after a change'),
    );
    // Starting workers takes a second, and nobody has watched it meanwhile.
    this.#fileTouched();
  }

  #fileTouched(): void {
    if (read(this.#options).text !== this.#lastRead) this.reload();
  }

  #views(): AdminViews {
    const pages = Object.keys(adminPages) as AdminPage[];
    const merged = pages.map((page) => [
      page,
      async () => mergedPage(page, await this.#crew.ask(page)),
    ]) as [AdminPage, () => unknown][];
    return {
      ready: () => {
        this.#readyAskedAt = this.#clock.now();
        return this.#ended === undefined && this.#crew.listening > 0;
      },
      readyNote: () => this.#readyNote(),
      metrics: async () => ({ contentType: METRICS_TYPE, text: await this.#crew.metrics() }),
      pages: {
        ...(Object.fromEntries(merged) as AdminViews['pages']),
        config: () => explained(this.#inForce.loaded, this.#inForce.settings),
      },
    };
  }

  #readyNote(): string | undefined {
    if (this.#ended !== undefined) return undefined;
    const { listening, size, looping } = this.#crew;
    if (listening === size && looping.length === 0) return undefined;
    const loops = looping.map(({ worker, deaths }) => {
      return `; worker ${worker} dies again and again (${deaths} times), see the log`;
    });
    return `${listening} of ${size} workers take calls${loops.join('')}`;
  }
}

/** Reads the configuration once, for all: a file that changes in between must not divide them. */
function read(options: SupervisorOptions): {
  source: ConfigSource | undefined;
  loaded: Loaded;
  text: string;
} {
  const { configFile, env, overrides } = options;
  const text = configFile === undefined ? undefined : textOf(configFile);
  const source =
    configFile === undefined || text === undefined ? undefined : { name: configFile, text };
  const from = { overrides, ...(configFile === undefined ? {} : { configFile }) };
  return { source, loaded: loadFrom(source, from, env), text: text ?? '' };
}

/** `undefined` = it cannot be read; loading it by name words why. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

async function orFault<T>(
  option: 'listen' | 'admin',
  at: { readonly host: string; readonly port: number },
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (fault) {
    throw listenFault(option, at, fault);
  }
}
