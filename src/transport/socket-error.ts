// Says in words what the platform reports about a socket. Names codes and addresses, never payload.

/** What an error table row may be completed with. */
export interface SocketErrorDetails {
  readonly detail: string;
  readonly cause: Error;
}

/** The error's code and words; of a race between addresses, those of each attempt. */
export function describeSocketError(error: Error): SocketErrorDetails {
  return { detail: wordsOf(error), cause: error };
}

/** `ECONNRESET` and the like, or ''. */
export function socketErrorCode(error: Error): string {
  const { code } = error as Error & { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}

function wordsOf(error: Error): string {
  if (error instanceof AggregateError) {
    const parts = error.errors.map((one: unknown) =>
      one instanceof Error ? wordsOf(one) : String(one),
    );
    return [...new Set(parts)].join('; ');
  }
  const code = socketErrorCode(error);
  const words = error.message.trim();
  return code === '' || words.includes(code) ? words : `${code}: ${words}`;
}
