// Which options are read once, at the start, so that a changed file leaves them as they are. The
// one home of that list: the log, the reference page, explain and the debug view ask here.

/** Top-level options that wait for the next start, with everything below them. */
export const startOptions = [
  'listen',
  'admin',
  'workers',
  'reusePort',
  'edge',
  'guard',
  'breaker',
  'log',
  'limits',
] as const;

/** Parts of those that take effect at once all the same. */
const liveParts: readonly string[] = ['limits.replayBytes'];

/** Whether a change of the option at this path takes effect at the next start only. */
export function waitsForStart(path: string): boolean {
  const top = path.split(/[.[]/, 1)[0];
  return startOptions.some((name) => name === top) && !liveParts.includes(path);
}

/** The list in a sentence, for the reference page. */
export function startSentence(): string {
  const names = startOptions.map((name) => `\`${name}\``);
  const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  const live = liveParts.map((name) => `\`${name}\``).join(', ');
  return `${list} (but ${live}) take effect at the next start.`;
}
