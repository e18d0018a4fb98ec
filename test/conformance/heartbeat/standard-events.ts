// Event streams read as the HTML standard says, over the whole text at once: slow, and with no
// state that could depend on how the bytes came.

/** One dispatched event. */
export interface StandardEvent {
  readonly name: string;
  readonly data: string;
  readonly id: string;
}

/** The events of a complete stream. What follows the last blank line is dropped. */
export function standardEvents(bytes: Uint8Array): StandardEvent[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: false }).decode(bytes);
  const events: StandardEvent[] = [];
  let name = '';
  let data: string[] = [];
  let id = '';
  for (const line of text.split(/\r\n|\n|\r/).slice(0, -1)) {
    if (line === '') {
      if (data.length > 0) events.push({ name: name || 'message', data: data.join('\n'), id });
      name = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const rest = colon < 0 ? '' : line.slice(colon + 1);
    const value = rest.startsWith(' ') ? rest.slice(1) : rest;
    if (field === 'event') name = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) id = value;
  }
  return events;
}
