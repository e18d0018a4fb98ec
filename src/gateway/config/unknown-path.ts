// What `config explain` says of a path at which nothing stands: the nearest name beside it, or the
// first few of those that are there. Never the whole list, which is hundreds of lines long.

import { nearestName } from '../../core/nearest-name.ts';

/** Names that are told where none is near. */
const NAMES_TOLD = 12;

/** The sentence for `path`, with the paths that do exist. */
export function unknownPath(path: string, known: readonly string[]): string {
  const places = allPlaces(known);
  const steps = path.match(/[^.[]+|\[[^\]]*\]?/g) ?? [];
  let place = '';
  for (const [at, step] of steps.entries()) {
    const next = joined(place, step);
    if (places.has(next)) {
      place = next;
      continue;
    }
    const below = namesBelow(place, places);
    return `nothing stands at ${path}; ${hint(place, step, steps.slice(at + 1), below, places)}`;
  }
  return `nothing stands at ${path}`;
}

function hint(
  place: string,
  step: string,
  rest: readonly string[],
  names: readonly string[],
  places: ReadonlySet<string>,
): string {
  if (step.startsWith('[') && names.length > 0) {
    const last = names.length === 1 ? 'alone' : `to ${place}${names.at(-1)}`;
    return `the list has ${place}${names[0]} ${last}`;
  }
  const near = nearestName(step, names);
  if (near !== undefined) {
    const corrected = joined(place, near);
    const whole = rest.reduce(joined, corrected);
    return `did you mean "${places.has(whole) ? whole : corrected}"?`;
  }
  const where = place === '' ? 'there' : `at ${place}`;
  const told = names.slice(0, NAMES_TOLD).join(', ');
  const more = names.length - NAMES_TOLD;
  return `${where} are ${told}${more > 0 ? ` and ${more} more` : ''}`;
}

function joined(place: string, step: string): string {
  return place === '' || step.startsWith('[') ? place + step : `${place}.${step}`;
}

/** Every path and every one above it. */
function allPlaces(known: readonly string[]): Set<string> {
  const places = new Set<string>();
  for (const path of known) {
    for (const { index } of path.matchAll(/[.[]/g)) places.add(path.slice(0, index));
    places.add(path);
  }
  return places;
}

/** The names one step below a place, in order. */
function namesBelow(place: string, places: ReadonlySet<string>): string[] {
  const names = new Set<string>();
  for (const path of places) {
    if (place !== '' && !path.startsWith(`${place}.`) && !path.startsWith(`${place}[`)) continue;
    const below = path.slice(place.length);
    const step = /^\.?([^.[]+|\[\d+\])/.exec(below)?.[1];
    if (step !== undefined) names.add(step);
  }
  return [...names];
}
