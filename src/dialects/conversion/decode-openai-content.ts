// Content of messages in OpenAI's two formats, whose parts differ in names only: `text` and
// `input_text`, `image_url` and `input_image`, `file` and `input_file`. Each format's reader takes
// the other's names too, since clients mix them up and nothing else could be meant.

import { isDataUrl, sourceOfUrl } from './data-url.ts';
import type { DocumentPart, GivenPart, ImagePart, MediaSource, TextPart } from './model-request.ts';
import type { JsonObject, Reading } from './request-reading.ts';

const KEPT_ELSEWHERE =
  'a file id means something to the service that keeps the file alone; send its data instead';

/** What a user or tool gave: a string or parts. `content` may be absent. */
export function decodeGiven(reading: Reading, content: unknown, path: string): GivenPart[] {
  if (typeof content === 'string') return textParts(content);
  const parts: GivenPart[] = [];
  const items = reading.list(content, path);
  for (let at = 0; at < items.length; at += 1) {
    const place = `${path}.${at}`;
    const item = reading.item(items[at], place);
    const part = item && decodePart(reading, item, place);
    if (part !== undefined) parts.push(part);
  }
  return parts;
}

/** Content that can be text alone; what is not is dropped by name. */
export function decodeTexts(reading: Reading, content: unknown, path: string): TextPart[] {
  if (typeof content === 'string') return textParts(content);
  const parts: TextPart[] = [];
  for (const part of decodeGiven(reading, content, path)) {
    if (part.kind === 'text') parts.push(part);
    else reading.drop(part.kind);
  }
  return parts;
}

function decodePart(reading: Reading, item: JsonObject, path: string): GivenPart | undefined {
  switch (item.type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return { kind: 'text', text: reading.needText(item.text, `${path}.text`) };
    case 'refusal':
      return { kind: 'text', text: reading.needText(item.refusal, `${path}.refusal`) };
    case 'image_url':
    case 'input_image':
      return decodeImage(reading, item, path);
    case 'file':
      return decodeFile(reading, reading.item(item.file, `${path}.file`), `${path}.file`);
    case 'input_file':
      return decodeFile(reading, item, path);
    case 'input_audio':
      return reading.refuse(path, 'audio cannot be sent to this upstream; send its text');
    default:
      reading.drop(reading.needName(item.type, `${path}.type`));
      return undefined;
  }
}

/** `image_url` is an object in Chat and a string in Responses. */
function decodeImage(reading: Reading, item: JsonObject, path: string): ImagePart | undefined {
  const place = `${path}.image_url`;
  let url = item.image_url;
  let detail = item.detail;
  if (typeof url === 'object' && url !== null) {
    const image = url as JsonObject;
    url = image.url;
    detail = image.detail;
  }
  if (detail !== 'auto') reading.dropIfSaid('detail', detail);
  if (typeof url !== 'string' || url === '') {
    return reading.refuse(place, item.file_id === undefined ? 'must be a url' : KEPT_ELSEWHERE);
  }
  const source = decodeUrl(reading, url, 'image/png', place);
  return source && { kind: 'image', source };
}

function decodeFile(
  reading: Reading,
  file: JsonObject | undefined,
  path: string,
): DocumentPart | undefined {
  if (file === undefined) return undefined;
  const fileName = reading.text(file.filename, `${path}.filename`);
  const url = reading.text(file.file_url, `${path}.file_url`);
  if (url !== undefined) {
    const source = decodeUrl(reading, url, 'application/pdf', `${path}.file_url`);
    return source && { kind: 'document', source, fileName };
  }
  const data = reading.text(file.file_data, `${path}.file_data`);
  if (data === undefined) {
    const told = file.file_id !== undefined && file.file_id !== null;
    return reading.refuse(path, told ? KEPT_ELSEWHERE : 'must have file_data');
  }
  // Bare base64 is accepted by some servers; PDF is what it then is.
  const source: MediaSource | undefined = isDataUrl(data)
    ? decodeUrl(reading, data, 'application/pdf', `${path}.file_data`)
    : { kind: 'base64', mediaType: 'application/pdf', data };
  return source && { kind: 'document', source, fileName };
}

function decodeUrl(
  reading: Reading,
  url: string,
  mediaType: string,
  path: string,
): MediaSource | undefined {
  return sourceOfUrl(url, mediaType) ?? reading.refuse(path, 'a data url must be in base64');
}

function textParts(text: string): TextPart[] {
  return text === '' ? [] : [{ kind: 'text', text }];
}
