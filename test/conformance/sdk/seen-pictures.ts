// The pictures in a request as an upstream was given it, whichever model API it speaks: what the
// SDK of another vendor sent must be there byte by byte.
// Invariant: a member that is no picture of this API in this place is not taken for one.

import type { ModelClient, Picture } from './model-clients.ts';

type Dialect = ModelClient['name'];
type Members = Readonly<Record<string, unknown>>;

/** Kinds of pictures that the tests send. */
const DATA_URL = /^data:(image\/png|image\/gif);base64,([^,]*)$/;

/** Every picture in the user's turns, in order. */
export function picturesIn(body: string, dialect: Dialect): Picture[] {
  const request = JSON.parse(body) as Members;
  const turns = (dialect === 'openai-responses' ? request['input'] : request['messages']) ?? [];
  const found: Picture[] = [];
  for (const { role, content } of turns as Members[]) {
    if (role !== 'user' || !Array.isArray(content)) continue;
    for (const part of content as Members[]) {
      const picture = readers[dialect](part);
      if (picture !== undefined) found.push(picture);
    }
  }
  return found;
}

const readers: Readonly<Record<Dialect, (part: Members) => Picture | undefined>> = {
  anthropic(part) {
    if (part['type'] !== 'image') return undefined;
    const source = part['source'] as Readonly<Record<string, string>>;
    if (source['type'] === 'url') return { url: source['url'] ?? '' };
    const [type, base64 = ''] = [source['media_type'], source['data']];
    if (type !== 'image/png' && type !== 'image/gif') throw new Error(`a picture of ${type}`);
    return { mediaType: type, base64 };
  },
  'openai-chat'(part) {
    if (part['type'] !== 'image_url') return undefined;
    return fromUrl((part['image_url'] as { url: string }).url);
  },
  'openai-responses'(part) {
    return part['type'] === 'input_image' ? fromUrl(part['image_url'] as string) : undefined;
  },
};

function fromUrl(url: string): Picture {
  const [, mediaType, base64 = ''] = DATA_URL.exec(url) ?? [];
  if (mediaType === undefined) return { url };
  return { mediaType: mediaType as 'image/png' | 'image/gif', base64 };
}
