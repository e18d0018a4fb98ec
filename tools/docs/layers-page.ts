// The page of layers: the canonical order, and why each stands where it does. The reasons are the
// comments beside the names, so that whoever moves a layer meets the reason first.

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { canonicalOrder } from '../../src/core/layer.ts';
import { code, generatedPage, table } from './markdown.ts';

const root = resolve(import.meta.dirname, '..', '..');
const source = 'src/core/layer.ts';

const intro = `A call walks through its layers from the first to the last, and its answer walks
back. \`stack()\` in \`${source}\` rejects another order. Rows without a link are places kept for
layers to come.`;

/** The comment beside each name of the canonical order. */
export function layerReasons(): ReadonlyMap<string, string> {
  const text = readFileSync(resolve(root, source), 'utf8');
  const reasons = new Map<string, string>();
  for (const [, name = '', reason = ''] of text.matchAll(/^ {2}'([a-z-]+)', \/\/ (.+)$/gm)) {
    reasons.set(name, reason);
  }
  return reasons;
}

/** Renders docs/reference/layers.md. */
export function layersPage(): string {
  const reasons = layerReasons();
  const rows = canonicalOrder.map((name, index) => {
    const built = existsSync(resolve(root, 'src', 'layers', name));
    const shown = built ? `[${code(name)}](../../src/layers/${name})` : code(name);
    return [String(index + 1), shown, reasons.get(name) ?? ''];
  });
  const head = ['#', 'Layer', 'Why exactly here'];
  return generatedPage('Layers', source, [intro, table(head, rows)]);
}
