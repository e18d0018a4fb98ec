// The commands that the documentation shows, as a reader would copy them: the shell lines of fenced
// blocks, and the `npm test -- <files>` proofs of the README's table.

import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');
const FENCE = /^```(?:sh|bash|shell|console)\n([^]*?)^```$/gm;

/** One line of a shell block. */
export interface DocumentedCommand {
  readonly file: string;
  /** Without trailing comment. */
  readonly command: string;
}

/** Every page that a reader may copy from, relative to the root. */
export function documentedPages(): string[] {
  return globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: root }).toSorted();
}

/** The text of a page. */
export function pageText(file: string): string {
  return readFileSync(resolve(root, file), 'utf8');
}

/** Every shell line of every page. */
export function documentedCommands(): DocumentedCommand[] {
  return documentedPages().flatMap((file) =>
    shellLines(pageText(file)).map((command) => ({ file, command })),
  );
}

/** The shell lines of a Markdown text. */
export function shellLines(markdown: string): string[] {
  return [...markdown.matchAll(FENCE)]
    .flatMap(([, block = '']) => block.replaceAll('\\\n', '').split('\n'))
    .map((line) => line.replace(/\s+#\s.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** The test files that a page names as proof. */
export function provingFiles(markdown: string): string[] {
  return [...markdown.matchAll(/`npm test -- ([^`]+)`/g)].flatMap(([, files = '']) =>
    files.split(' ').filter((file) => file.includes('/')),
  );
}

/** The first YAML block of a Markdown text. */
export function yamlExample(markdown: string): string | undefined {
  return /^```yaml\n([^]*?)^```$/m.exec(markdown)?.[1];
}
