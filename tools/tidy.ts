// The rules of STYLE.md as a program: reads every tracked file and names each broken rule, its
// place and what to do. Judges text and imports; formatting, types and lint have their own tools.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { applyRules, type Finding, type Rules, type TidyFile } from './tidy/finding.ts';
import { checkRooms } from './tidy/rooms.ts';
import { sourceRules } from './tidy/source-rules.ts';
import { sourceText } from './tidy/source-text.ts';
import { brokenLinks, treeRules } from './tidy/tree-rules.ts';

const root = resolve(import.meta.dirname, '..');
/** Written by npm; its text is not ours. */
const unread = ['package-lock.json'];

/** One file as the rules see it. */
export function tidyFile(path: string, text: string): TidyFile {
  return { path, text, source: path.endsWith('.ts') ? sourceText(text) : undefined };
}

/** Every finding in a set of files, in the order of the files. */
export function tidy(files: readonly TidyFile[]): Finding[] {
  const tracked = new Set(files.map((file) => file.path));
  const everywhere: Rules = { ...treeRules, links: (file) => brokenLinks(file, tracked) };
  const inSource: Rules = { ...sourceRules, rooms: checkRooms };
  return files.flatMap((file) => [
    ...applyRules(everywhere, file),
    ...(file.source === undefined ? [] : applyRules(inSource, file)),
  ]);
}

/** Tracked files and new ones that git does not ignore, without those that are not text. */
export function trackedFiles(): TidyFile[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  });
  const paths = [...new Set(listed.split('\0'))].filter((path) => path !== '').toSorted();
  return paths.flatMap((path) => {
    if (unread.includes(path)) return [];
    const bytes = readIfThere(path);
    return bytes === undefined || bytes.includes(0) ? [] : [tidyFile(path, bytes.toString())];
  });
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(resolve(root, path));
  } catch (error) {
    // Deleted in the work tree but still in the index: there is nothing to judge.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

if (import.meta.main) {
  const files = trackedFiles();
  const findings = tidy(files);
  for (const { file, line, rule, message } of findings) {
    console.log(`${file}:${line}: ${rule}: ${message}`);
  }
  console.log(`tidy: ${files.length} files, ${findings.length} findings`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
