// Where each request goes, by one snapshot of the configuration. What depends on the path alone is
// worked out once per distinct target and remembered; the body is read for its model only while a
// route that could still match asks for one, and each byte only once.
// Invariant: never throws, and decides at the latest when the body is complete or not kept whole.

import { AccessKeys } from './access/access-keys.ts';
import type { Admission } from './access/access-keys.ts';
import type { AccessObserver } from './access/access-observer.ts';
import { anonymousCaller } from '../core/caller.ts';
import type { Dialect } from '../core/dialect.ts';
import { CallError } from '../core/errors.ts';
import type { Service } from '../core/layer.ts';
import type { ReplayBody } from '../core/replay-body.ts';
import type { Resolution, Route } from '../core/route.ts';
import type { Router } from '../edges/http-server/router.ts';
import type { RequestHead } from '../http1/head.ts';
import type { Settings } from './config/settings.ts';
import { profileLimits } from './config/settings.ts';
import type { Environment } from './config/interpolate.ts';
import { dialectTable } from './dialect-table.ts';
import { fingerprintOf } from './fingerprint.ts';
import { isExpectedHost } from './host-check.ts';
import {
  dialectOfCaller,
  emptyAnswer,
  isProbe,
  noRouteError,
  refusal,
  unauthorized,
  webSocketRefusal,
} from './local-answers.ts';
import { BodyModel } from './body-model.ts';
import { listedNames } from './model-list.ts';
import { listModels } from './own-answers.ts';
import { PathPlans } from './path-plans.ts';
import type { PathPlan, PlannedRoute } from './path-plans.ts';
import { compileRoutes, fieldsMatch } from './route-table.ts';
import type { CompiledRoute, RouteTable, Services } from './route-table.ts';

const refusalDialects = {
  anthropic: dialectTable.anthropic,
  chat: dialectTable['openai-chat'],
  responses: dialectTable['openai-responses'],
  plain: dialectTable.plain,
};

/** A request whose decision waits for more of its body; kept with the body. */
class Undecided {
  readonly plan: PathPlan;
  readonly model: BodyModel;
  readonly admission: Admission | undefined;

  constructor(plan: PathPlan, model: BodyModel, admission: Admission | undefined) {
    this.plan = plan;
    this.model = model;
    this.admission = admission;
  }
}

/** The router of one configuration. */
export class ConfiguredRouter implements Router {
  readonly table: RouteTable;
  readonly #settings: Settings;
  readonly #services: Services;
  readonly #plans: PathPlans;
  readonly #keys: AccessKeys;
  readonly #probe: Service;
  /** By the route that would have taken an ordinary request; '' = none. */
  readonly #noWebSocket = new Map<string, Service>();
  readonly #ownRoutes = new Map<Dialect, Route>();

  constructor(settings: Settings, services: Services, env: Environment, observer?: AccessObserver) {
    this.#settings = settings;
    this.#keys = new AccessKeys(settings.access.keys, observer);
    this.#services = services;
    this.table = compileRoutes(settings, services, env);
    this.#plans = new PathPlans(this.table.routes);
    this.#probe = services.local(emptyAnswer());
  }

  keepBytesMax(): number {
    return this.#settings.limits.replayBytes;
  }

  dialectFor(head: RequestHead): Dialect {
    return dialectOfCaller(head, refusalDialects);
  }

  resolve(head: RequestHead, body: ReplayBody): Resolution | undefined {
    const waiting = body.routing;
    if (waiting instanceof Undecided) {
      // By the plan of the configuration under which it began, whatever came into force since.
      return this.#decide(head, body, waiting.plan, waiting.admission, waiting.model);
    }
    const plan = this.#plans.planFor(head.target);
    if (this.#keys.size === 0) return this.#decide(head, body, plan, undefined, undefined);
    const admission = this.#keys.find(head.headers);
    if (typeof admission === 'object') return this.#decide(head, body, plan, admission, undefined);
    // Whoever asks whether somebody is here learns nothing else.
    if (isProbe(head.method, plan.path)) return this.#own(head, this.#probe);
    return this.#refuse(head, unauthorized(admission));
  }

  #decide(
    head: RequestHead,
    body: ReplayBody,
    plan: PathPlan,
    admission: Admission | undefined,
    begun: BodyModel | undefined,
  ): Resolution | undefined {
    let model = begun;
    const { routes } = plan;
    const isWebSocket = head.upgrade === 'websocket';
    for (let at = 0; at < routes.length; at += 1) {
      const planned = routes[at] as PlannedRoute;
      const { route } = planned;
      if (isWebSocket && !route.webSocket) continue;
      if (route.method !== undefined && route.method !== head.method) continue;
      if (route.fields.length > 0 && !fieldsMatch(route.fields, head.headers)) continue;
      if (route.model !== undefined) {
        if (model === undefined) {
          if (head.framing === 'none') continue;
          model = new BodyModel();
        }
        if (!model.read(body)) {
          body.routing ??= new Undecided(plan, model, admission);
          return undefined;
        }
        if (model.name === undefined || !route.model.matches(model.name)) continue;
      }
      return this.#list(head, plan, route, admission) ?? this.#take(head, planned, admission);
    }
    return this.#list(head, plan, undefined, admission) ?? this.#takeNone(head, plan, model?.name);
  }

  #take(head: RequestHead, planned: PlannedRoute, admission: Admission | undefined): Resolution {
    if (planned.route.guarded && this.#fromWebPage(head)) return this.#refuseWebPage(head);
    const to = head.method === 'POST' ? planned.post : planned.other;
    // A key of this gateway opens nothing anywhere else, and must not be seen there.
    const headers =
      admission === undefined ? head.headers : this.#keys.stripped(head.headers, admission.via);
    return {
      route: to.route,
      service: to.service,
      path: planned.path,
      headers,
      caller: admission?.caller ?? anonymousCaller,
      fingerprint: to.callerKeys ? fingerprintOf(headers) : '',
    };
  }

  /** The models in the tables of all routes of this caller, unless `first` is to be asked. */
  #list(
    head: RequestHead,
    { list }: PathPlan,
    first: CompiledRoute | undefined,
    admission: Admission | undefined,
  ): Resolution | undefined {
    if (list === undefined || head.upgrade === 'websocket') return undefined;
    const met = this.table.routes.filter(({ fields }) => fieldsMatch(fields, head.headers));
    const listed = listedNames(list, met, first, head);
    if (listed === undefined) return undefined;
    if (listed.from.some(({ guarded }) => guarded) && this.#fromWebPage(head)) {
      return this.#refuseWebPage(head);
    }
    const own = this.#own(head, this.#services.local(listModels(listed.names)));
    return { ...own, caller: admission?.caller ?? anonymousCaller };
  }

  #takeNone(head: RequestHead, plan: PathPlan, model: string | undefined): Resolution {
    if (head.upgrade === 'websocket') return this.#refuseWebSocket(head, plan);
    if (plan.unsafe) {
      const detail = 'The path holds "." or ".." segments; send it without them.';
      return this.#refuse(head, new CallError('BAD_REQUEST', { detail }));
    }
    if (isProbe(head.method, plan.path)) return this.#own(head, this.#probe);
    return this.#refuse(head, noRouteError(head.method, plan.path, model));
  }

  /** Says what to set where; whatever a route asks of bodies, a handshake has none to show. */
  #refuseWebSocket(head: RequestHead, plan: PathPlan): Resolution {
    const taker = plan.routes.find(
      ({ route: { name, fields, method = 'GET', webSocket } }) =>
        name !== undefined && !webSocket && method === 'GET' && fieldsMatch(fields, head.headers),
    );
    const name = taker?.route.name;
    let service = this.#noWebSocket.get(name ?? '');
    if (service === undefined) {
      service = this.#services.local(webSocketRefusal(name));
      this.#noWebSocket.set(name ?? '', service);
    }
    return this.#own(head, service);
  }

  /**
   * A page in the caller's browser may send requests here although its user never asked for it.
   * With the caller's own keys that gains nothing; with stored ones it would spend them.
   */
  #fromWebPage(head: RequestHead): boolean {
    if (head.headers.has('origin') || head.headers.has('sec-fetch-site')) return true;
    return !isExpectedHost(head.authority, this.#settings.listen);
  }

  #refuseWebPage(head: RequestHead): Resolution {
    const detail = 'Web pages may not use the credentials stored for this upstream.';
    return this.#refuse(head, new CallError('FORBIDDEN', { detail }));
  }

  #refuse(head: RequestHead, error: CallError): Resolution {
    return this.#own(head, this.#services.local(refusal(error)));
  }

  #own(head: RequestHead, service: Service): Resolution {
    const route = this.#ownRoute(this.dialectFor(head));
    return {
      route,
      service,
      path: head.target,
      headers: head.headers,
      caller: anonymousCaller,
      fingerprint: '',
    };
  }

  #ownRoute(dialect: Dialect): Route {
    let route = this.#ownRoutes.get(dialect);
    if (route === undefined) {
      route = Object.freeze({
        name: 'none',
        upstream: 'none',
        kind: 'other' as const,
        dialect,
        credential: undefined,
        conversion: undefined,
        targets: [],
        endpoints: [],
        limits: profileLimits('rest', this.#settings.limits.writeStall),
        replay: 'strict' as const,
        lenient: false,
        replayBytesMax: 0,
      });
      this.#ownRoutes.set(dialect, route);
    }
    return route;
  }
}

/** A router whose configuration can be replaced while requests run. */
export class SwitchRouter implements Router {
  current: ConfiguredRouter;

  constructor(current: ConfiguredRouter) {
    this.current = current;
  }

  resolve(head: RequestHead, body: ReplayBody): Resolution | undefined {
    return this.current.resolve(head, body);
  }

  keepBytesMax(): number {
    return this.current.keepBytesMax();
  }

  dialectFor(head: RequestHead): Dialect {
    return this.current.dialectFor(head);
  }
}
