// The few pieces of Markdown that the reference pages are made of.

/** Said at the head of every generated page. */
export function generatedPage(title: string, source: string, parts: readonly string[]): string {
  const notice = `<!-- Generated from ${source} by \`npm run docs\`; edit there. -->`;
  return `${[`# ${title}`, notice, ...parts].join('\n\n')}\n`;
}

/** A table; cells may hold inline Markdown, but no line breaks. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** Inline code. */
export function code(text: string): string {
  return `\`${text}\``;
}

function cell(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
}
