// The head that a caller gets from us when the answer is long in coming. The edge adds what event
// streams need on their way through proxies.

import { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import { Form } from './answer-form.ts';

/** A head made before there was an answer: attempts may still be replaced after it. */
export interface ProvisionalHead extends Head {
  readonly provisional: true;
}

/** A 200 of this form, made at `wallNow`. */
export function earlyHead(form: number, wallNow: number): ProvisionalHead {
  const type =
    form === Form.events ? 'text/event-stream; charset=utf-8' : 'application/json; charset=utf-8';
  return {
    status: 200,
    reason: 'OK',
    headers: HeaderList.of([
      ['Date', new Date(wallNow).toUTCString()],
      ['Content-Type', type],
    ]),
    framing: 'chunked',
    contentLength: -1,
    provisional: true,
  };
}
