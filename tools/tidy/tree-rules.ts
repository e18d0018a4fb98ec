// Rules about names, prose and whatever else holds for every tracked file, source or not.

import { posix } from 'node:path';
import { faultsAt, type Fault, type Rules, type TidyFile } from './finding.ts';

/** The modules that users import; everything else is named after its main export. */
const entryPoints = new Set([
  'src/client/index.ts',
  'src/gateway/index.ts',
  'src/testing/index.ts',
]);
const named = /^(?:src|tools|test|bench|docs|examples|deploy|dashboard)\//;
const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9-]+)*$/;
const VAGUE = /^(?:utils?|helpers?|managers?|common|misc|shared)$/;

// Spelt so that this file does not break its own rule.
const MACHINE_PATH = /(?:^|[\s"'`(=:@])(\/(?:work|root|home|farm)\/)/gm;
const REGISTRY = /\b(?:registry|mirror|npm|packages?|artifacts?)\.[a-z0-9-]+\.[a-z]{2,}\b/g;
const EMOJI = /\p{Emoji_Presentation}/gu;
const LINK = /\]\(([^)\s]+)\)/g;

/** Every rule about a tracked file as such, by name. */
export const treeRules: Rules = {
  'kebab-case': ({ path }) => {
    if (!named.test(path)) return [];
    const parts = path.replace(/\/README\.md$/, '').split('/');
    const wrong = parts.find((part) => !part.startsWith('.') && !KEBAB.test(part));
    return wrong === undefined ? [] : whole(`"${wrong}" is not kebab-case; rename it`);
  },
  'index-file': ({ path }) => {
    if (!path.endsWith('/index.ts') || entryPoints.has(path)) return [];
    return whole('index.ts is for entry points; name the file after its main export');
  },
  'vague-name': ({ path }) => {
    const words = path.replace(/\.[^/]*$/, '').split(/[/.-]/);
    const vague = named.test(path) ? words.find((word) => VAGUE.test(word)) : undefined;
    return vague === undefined ? [] : whole(`"${vague}" says nothing; name what it does`);
  },
  'machine-path': ({ text }) =>
    faultsAt(text, MACHINE_PATH, ([, path = '']) => {
      return `names ${path}, a path of one machine; use a relative or temporary path`;
    }),
  'registry-host': ({ text }) =>
    faultsAt(text, REGISTRY, ([host]) => {
      return `names the package host ${host}; leave that to each machine's npm settings`;
    }),
  emoji: ({ text, source }) =>
    faultsAt(source?.comments ?? text, EMOJI, () => 'has an emoji; say it in words'),
  unreleased: ({ path, text }) => {
    if (path !== 'CHANGELOG.md' || /^## \[?Unreleased\]?/m.test(text)) return [];
    return whole('has no "## Unreleased" section; add one');
  },
};

/** Faults of a Markdown file whose relative links lead to no tracked file or folder. */
export function brokenLinks(file: TidyFile, tracked: ReadonlySet<string>): Fault[] {
  if (!file.path.endsWith('.md')) return [];
  return faultsAt(file.text, LINK, ([, target = '']) => {
    if (/^(?:[a-z]+:|#)/.test(target)) return undefined;
    const bare = target.replace(/#.*$/, '').replace(/\/$/, '');
    const path = posix.join(posix.dirname(file.path), bare);
    if (tracked.has(path) || [...tracked].some((each) => each.startsWith(`${path}/`))) {
      return undefined;
    }
    return `links to ${target}, which does not exist; fix or drop the link`;
  });
}

function whole(message: string): Fault[] {
  return [{ line: 1, message }];
}
