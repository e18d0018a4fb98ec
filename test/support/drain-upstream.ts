// An upstream for tests of the way out: short answers at /x, streams of chat events elsewhere.

import { MisbehavingUpstream } from '../../src/testing/index.ts';

const EVENT = 'data: {"id":"c","choices":[{"index":0,"delta":{"content":"word "}}]}\n\n';
const FINISH = 'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n';

/** A stream of `count` events, one each `everyMs`, ended as its dialect demands. */
function stream(count: number, everyMs: number) {
  const events = Array.from({ length: count }, () => ({ afterMs: everyMs, bytes: EVENT }));
  const end = { afterMs: 0, bytes: `${FINISH}data: [DONE]\n\n` };
  return {
    answer: {
      status: 200,
      headers: [['content-type', 'text/event-stream']] as const,
      steps: [...events, end],
    },
  };
}

/** `/stream/<events>/<ms between them>` streams; every other path answers at once. */
export function listenForDrain(): Promise<MisbehavingUpstream> {
  return MisbehavingUpstream.listen(({ path }) => {
    const found = /^\/stream\/(\d+)\/(\d+)/.exec(path);
    return found === null ? {} : stream(Number(found[1]), Number(found[2]));
  });
}

/** Options that route both to it. */
export function drainConfig(upstreamUrl: string): Record<string, unknown> {
  return {
    log: { level: 'debug', access: true },
    simulator: false,
    upstreams: {
      short: { dialect: 'plain', profile: 'rest', endpoints: [upstreamUrl] },
      chat: { dialect: 'openai-chat', profile: 'llm-hosted', endpoints: [upstreamUrl] },
    },
    routes: [
      { name: 'streams', match: { path: '/stream/**' }, upstreams: ['chat'] },
      { name: 'short', match: { path: '/**' }, upstreams: ['short'] },
    ],
  };
}

/** The request for a stream. */
export function askStream(events: number, everyMs: number): string {
  const path = `/stream/${events}/${everyMs}`;
  return `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}`;
}

/** Whether a raw answer is a whole stream. */
export function isWholeStream(text: string): boolean {
  return text.includes('data: [DONE]') && text.endsWith('\r\n0\r\n\r\n');
}
