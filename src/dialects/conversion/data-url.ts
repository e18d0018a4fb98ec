// Media as one string, the way OpenAI's formats carry them: a data URL with base64, or an address.

import type { MediaSource } from './model-request.ts';

const MARK = ';base64';

/**
 * The source that a URL names. Undefined for a data URL that is not in base64. `mediaType` stands
 * for one that the URL leaves out. Does not copy the data.
 */
export function sourceOfUrl(url: string, mediaType: string): MediaSource | undefined {
  if (!isDataUrl(url)) return { kind: 'url', url };
  const comma = url.indexOf(',');
  const head = url.slice(5, comma < 0 ? 5 : comma);
  if (!head.endsWith(MARK)) return undefined;
  const named = head.slice(0, -MARK.length).split(';', 1)[0];
  return {
    kind: 'base64',
    mediaType: named === undefined || named === '' ? mediaType : named.toLowerCase(),
    data: url.slice(comma + 1),
  };
}

/** The source as a URL. */
export function urlOfSource(source: MediaSource): string {
  if (source.kind === 'url') return source.url;
  return `data:${source.mediaType}${MARK},${source.data}`;
}

/** Whether the bytes are in the URL itself. The scheme may be in any case. */
export function isDataUrl(url: string): boolean {
  return url.slice(0, 5).toLowerCase() === 'data:';
}
