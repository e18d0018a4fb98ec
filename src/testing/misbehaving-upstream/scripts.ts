// Ways to choose a behaviour per request. Each returns a script function; those that count or
// remember keep their state in the closure, so make one per upstream.
// Invariant: a script decides from what was seen and from the randomness it was given, nothing
// else.

import type { Random } from '../../core/random.ts';
import { itemAt } from '../item-at.ts';
import type { Behaviour, Script } from './behaviour.ts';
import { refusing } from './behaviours.ts';
import type { SeenRequest } from './seen.ts';

/** A script in its function form. */
export type ScriptFunction = (request: SeenRequest) => Behaviour;

/** Any script as a function. */
export function asFunction(script: Script): ScriptFunction {
  if (typeof script === 'function') return script;
  let served = -1;
  return () => {
    served += 1;
    return itemAt(script, served);
  };
}

/** The list over and over. */
export function cycle(list: readonly Behaviour[]): ScriptFunction {
  let served = -1;
  return () => {
    served += 1;
    return list[served % list.length] ?? {};
  };
}

/** `special` for the `nth` request (from 1) of each connection. */
export function onNthOfConnection(
  nth: number,
  special: Script,
  otherwise: Script = {},
): ScriptFunction {
  const [a, b] = [asFunction(special), asFunction(otherwise)];
  return (request) => (request.indexOnConnection === nth - 1 ? a(request) : b(request));
}

/** `special` for the first `count` requests of the upstream. */
export function firstRequests(
  count: number,
  special: Script,
  otherwise: Script = {},
): ScriptFunction {
  const [a, b] = [asFunction(special), asFunction(otherwise)];
  return (request) => (request.index < count ? a(request) : b(request));
}

/** `special` with probability `p`. */
export function sometimes(
  p: number,
  random: Random,
  special: Script,
  otherwise: Script = {},
): ScriptFunction {
  const [a, b] = [asFunction(special), asFunction(otherwise)];
  return (request) => (random.next() < p ? a(request) : b(request));
}

/** The first prefix that the request's path begins with decides. */
export function byPath(
  prefixes: Readonly<Record<string, Script>>,
  otherwise: Script = {},
): ScriptFunction {
  const entries = Object.entries(prefixes).map(
    ([prefix, script]) => [prefix, asFunction(script)] as const,
  );
  const rest = asFunction(otherwise);
  return (request) => {
    const found = entries.find(([prefix]) => request.path.startsWith(prefix));
    return (found?.[1] ?? rest)(request);
  };
}

/** 401 for as long as the caller uses the token (or key) it came with first. */
export function untilTokenChanges(otherwise: Script = {}): ScriptFunction {
  const accepted = asFunction(otherwise);
  let stale: string | undefined;
  return (request) => {
    const token = request.header('authorization') ?? request.header('x-api-key') ?? '';
    stale ??= token;
    return token === stale ? refusing(401) : accepted(request);
  };
}
