// Which item of a script is due: scripts are one item for every use, or a list of them.

/**
 * What a script says for the `index`-th use. The last item of a list repeats; an empty list is
 * `{}`.
 */
export function itemAt<T extends object>(script: T | readonly T[], index: number): T {
  if (!isList(script)) return script;
  return script[Math.min(index, script.length - 1)] ?? ({} as T);
}

// `Array.isArray` alone does not tell a list that cannot be written to.
function isList<T extends object>(script: T | readonly T[]): script is readonly T[] {
  return Array.isArray(script);
}
