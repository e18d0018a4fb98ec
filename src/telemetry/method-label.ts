// Methods as metrics name them. Callers may send any token as a method, so the list is closed.

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** The label for a method; `_OTHER`, as OpenTelemetry has it, for unusual ones. */
export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : '_OTHER';
}
