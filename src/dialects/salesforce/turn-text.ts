// A turn of a conversation as plain text, for upstreams whose messages are nothing else. Calls of
// tools and their results stay readable, so that the model can follow what has happened.

import type { RequestProblem, Turn } from '../conversion/model-request.ts';
import { requestProblem } from './request-problem.ts';

type Part = Turn['parts'][number];

/**
 * The text of `turn`. Thoughts and, unless `strict`, images and documents are left out and named in
 * `dropped`; a problem where `strict` forbids that.
 */
export function turnText(
  turn: Turn,
  strict: boolean,
  dropped: Set<string>,
): string | RequestProblem {
  const texts: string[] = [];
  for (const part of turn.parts) {
    const text = partText(part, strict, dropped);
    if (typeof text !== 'string') return text;
    if (text !== '') texts.push(text);
  }
  return texts.join('\n\n');
}

function partText(part: Part, strict: boolean, dropped: Set<string>): string | RequestProblem {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'image':
    case 'document':
      dropped.add(part.kind);
      if (!strict) return '';
      return requestProblem(
        'messages',
        `this model is reached by an API that takes text only, not ${part.kind} blocks`,
      );
    case 'reasoning':
      dropped.add('thinking');
      return '';
    case 'tool-call':
      return `[tool_use ${part.id}] ${part.name} ${part.argumentsJson}`.trimEnd();
    case 'tool-result': {
      const texts: string[] = [];
      for (const inner of part.content) {
        const text = partText(inner, strict, dropped);
        if (typeof text !== 'string') return text;
        if (text !== '') texts.push(text);
      }
      const mark = part.isError ? 'Error: ' : '';
      return `[tool_result ${part.id}] ${mark}${texts.join('\n\n')}`.trimEnd();
    }
  }
}
