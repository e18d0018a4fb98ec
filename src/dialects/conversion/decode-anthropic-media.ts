// Images and documents of Anthropic's format. A document that is text becomes text: every model
// reads that, while few take files.

import type { DocumentPart, GivenPart, ImagePart, MediaSource, TextPart } from './model-request.ts';
import type { JsonObject, Reading } from './request-reading.ts';

/** A source of bytes; undefined once a problem is noted. */
export function decodeAnthropicSource(
  reading: Reading,
  value: unknown,
  path: string,
): MediaSource | undefined {
  const source = reading.item(value, path);
  if (source === undefined) return undefined;
  switch (source.type) {
    case 'base64':
      return {
        kind: 'base64',
        mediaType: reading.needName(source.media_type, `${path}.media_type`),
        data: reading.needText(source.data, `${path}.data`),
      };
    case 'url':
      return { kind: 'url', url: reading.needName(source.url, `${path}.url`) };
    case 'file':
      return reading.refuse(
        path,
        'a file id cannot be sent to an upstream other than Anthropic; send base64 or a url',
      );
    default:
      return reading.refuse(`${path}.type`, 'must be base64 or url');
  }
}

/** The parts that a document block becomes: one document, or its text and images. */
export function decodeAnthropicDocument(
  reading: Reading,
  block: JsonObject,
  path: string,
): readonly GivenPart[] {
  const place = `${path}.source`;
  const source = reading.item(block.source, place);
  const title = reading.text(block.title, `${path}.title`);
  const context = reading.text(block.context, `${path}.context`);
  if (source === undefined) return [];
  if (source.type === 'text') {
    const text = reading.needText(source.data, `${place}.data`);
    return [{ kind: 'text', text: joined(title, context, text) }];
  }
  if (source.type === 'content') {
    const introduction = joined(title, context);
    const parts = decodeInlineContent(reading, source.content, `${place}.content`);
    return introduction === '' ? parts : [{ kind: 'text', text: introduction }, ...parts];
  }
  const bytes = decodeAnthropicSource(reading, source, place);
  if (bytes === undefined) return [];
  const document: DocumentPart = { kind: 'document', source: bytes, fileName: title };
  return context === undefined ? [document] : [{ kind: 'text', text: context }, document];
}

function decodeInlineContent(
  reading: Reading,
  content: unknown,
  path: string,
): (TextPart | ImagePart)[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  const parts: (TextPart | ImagePart)[] = [];
  const blocks = reading.list(content, path);
  for (let at = 0; at < blocks.length; at += 1) {
    const place = `${path}.${at}`;
    const block = reading.item(blocks[at], place);
    if (block === undefined) continue;
    if (block.type === 'image') {
      const source = decodeAnthropicSource(reading, block.source, `${place}.source`);
      if (source !== undefined) parts.push({ kind: 'image', source });
    } else {
      parts.push({ kind: 'text', text: reading.needText(block.text, `${place}.text`) });
    }
  }
  return parts;
}

function joined(...texts: readonly (string | undefined)[]): string {
  return texts.filter((text) => text !== undefined && text !== '').join('\n\n');
}
