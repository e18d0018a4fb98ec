// What tests of the router ask it with: heads of requests, and services that end at once.

import { HeaderList } from '../core/header-list.ts';
import { RequestHead } from '../http1/head.ts';
import type { Services } from './route-table.ts';

/** Header fields by name. */
export type Fields = Readonly<Record<string, string>>;

/** Services that end every call without an answer. */
export const stubServices: Services = {
  wire: () => (_call, sink) => sink.end(),
  simulator: (_call, sink) => sink.end(),
  answers: { newId: (prefix) => `${prefix}1`, wallNow: () => 0 },
  local: (answer) => answer,
};

/** The head of a request, from a line such as `GET /v1/models`. */
export function headOf(line: string, fields: Fields = {}, hasBody: boolean = false): RequestHead {
  const [method = '', target = ''] = line.split(' ');
  const head = new RequestHead(HeaderList.of(Object.entries(fields)));
  head.method = method;
  head.target = target;
  head.authority = '127.0.0.1:8787';
  if (hasBody) head.framing = 'chunked';
  return head;
}
