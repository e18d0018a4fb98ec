// Collects an answer for a caller who wants it as one document. Nothing is written before the
// end: of a cut answer nothing, and of an error neither, since the layer can still choose a status.

import type { AnswerWriter, Closing } from './answer-writer.ts';

/** A part of a whole answer. */
export type WholeBlock =
  | { readonly kind: 'text'; readonly key: string; text: string }
  | {
      readonly kind: 'reasoning';
      readonly key: string;
      text: string;
      signature: string | undefined;
    }
  | {
      readonly kind: 'tool';
      readonly key: string;
      readonly id: string;
      readonly name: string;
      /** Arguments as JSON text; '' when there are none. */
      text: string;
    };

/** A whole answer. */
export interface WholeAnswer {
  /** The upstream's id. */
  readonly id: string;
  readonly blocks: readonly WholeBlock[];
  readonly closing: Closing;
}

/** Writes a whole answer by `render`. */
export class DocumentWriter implements AnswerWriter {
  readonly #render: (whole: WholeAnswer) => string;
  readonly #blocks: WholeBlock[] = [];
  readonly #tools: Map<string, WholeBlock> = new Map();
  #id: string = '';
  #out: string = '';

  constructor(render: (whole: WholeAnswer) => string) {
    this.#render = render;
  }

  take(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }

  start(id: string): void {
    this.#id = id;
  }

  text(key: string, delta: string): void {
    const last = this.#blocks.at(-1);
    if (last?.kind === 'text' && last.key === key) last.text += delta;
    else this.#blocks.push({ kind: 'text', key, text: delta });
  }

  reasoning(key: string, delta: string, signature: string | undefined): void {
    const last = this.#blocks.at(-1);
    if (last?.kind === 'reasoning' && last.key === key && last.signature === undefined) {
      last.text += delta;
      last.signature = signature;
    } else this.#blocks.push({ kind: 'reasoning', key, text: delta, signature });
  }

  toolStart(key: string, id: string, name: string): void {
    const block: WholeBlock = { kind: 'tool', key, id, name, text: '' };
    this.#tools.set(key, block);
    this.#blocks.push(block);
  }

  toolArguments(key: string, delta: string): void {
    const block = this.#tools.get(key);
    if (block !== undefined) block.text += delta;
  }

  toolEnd(): void {}

  ping(): void {}

  error(): void {}

  end(closing: Closing): void {
    this.#out = this.#render({ id: this.#id, blocks: this.#blocks, closing });
  }
}
