// The pages and files made from the schema: the reference page, the JSON Schema for editors and the
// annotated file of `config init`. A check compares what stands in docs/ with what is made here.

import { z } from 'zod';
import { builtInRoutes, builtInUpstreams } from './built-in.ts';
import { kindRegistry, optionRegistry } from './option.ts';
import { phaseNames, profileNames, profiles } from './profiles.ts';
import { configSchema } from './schema.ts';
import { fallbackText, optionRows, unwrap } from './schema-walk.ts';
import type { OptionRow } from './schema-walk.ts';
import { startSentence } from './start-options.ts';

const NOTE = 'Made from src/gateway/config; change it there.';

/** The text of docs/reference/config.md. */
export function configReference(): string {
  const rows = [...optionRows(configSchema)];
  return `# Configuration

<!-- ${NOTE} -->

One YAML file, or none. \`holdfast config init\` writes an annotated one, \`config check\` reads it,
\`config explain\` shows what is in force and why. The file is \`--config FILE\`, else
\`$HOLDFAST_CONFIG\`, else \`holdfast.yaml\` in the working directory.

- Durations and sizes carry their unit: \`250ms\`, \`30s\`, \`10m\`, \`2h\`; \`512B\`,
  \`64KiB\`, \`8MiB\`, \`1GiB\`.
- \`\${NAME}\` is replaced by an environment variable, \`\${NAME:-fallback}\` where it may be
  missing; \`$\${\` is a plain \`\${\`. Values taken this way are never printed in errors.
- Unknown options are errors. A changed file is read again at once (or on SIGHUP); one with errors
  is refused and the old one stays.
- ${startSentence()}

## Options

${rows.map(referenceEntry).join('\n')}
## Profiles

${profileTable()}

Replay of LLM completions: ${replayList()}; of everything else: \`strict\`.

## Without a file

\`\`\`yaml
${builtInUpstreams}${builtInRoutes}\`\`\`
`;
}

function referenceEntry(row: OptionRow): string {
  const { path, meta, kind, fallback, required, branch } = row;
  const value = required ? 'required' : defaultText(fallback, branch);
  const secret = meta.secret === true ? '; never printed' : '';
  const head = `### \`${dotted(path)}\`\n\n${kind}; ${value}${secret}\n\n`;
  return `${head}${meta.doc} *Why:* ${meta.why}\n`;
}

function defaultText(fallback: unknown, branch: boolean): string {
  if (fallback === undefined || (branch && typeof fallback === 'object')) return 'optional';
  return `default \`${fallbackText(fallback)}\``;
}

function dotted(path: readonly string[]): string {
  const text = path.join('.');
  return text.replace(/^routes\.\*/, 'routes[]').replace(/^upstreams\.\*/, 'upstreams.NAME');
}

function replayList(): string {
  return profileNames.map((name) => `${name} \`${profiles[name].completionReplay}\``).join(', ');
}

function profileTable(): string {
  const rule = profileNames.map(() => '---|').join('');
  const head = `| Phase | ${profileNames.join(' | ')} |\n|---|${rule}`;
  const lines = phaseNames.map(
    (phase) =>
      `| \`${phase}\` | ${profileNames.map((name) => profiles[name].timeouts[phase]).join(' | ')} |`,
  );
  return [head, ...lines].join('\n');
}

/** The JSON Schema of a configuration file, for editors and other tools. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, {
    io: 'input',
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      const meta = optionRegistry.get(zodSchema);
      if (meta !== undefined) jsonSchema.description = `${meta.doc} Why: ${meta.why}`;
      const example = kindRegistry.get(unwrap(zodSchema))?.example;
      if (example !== undefined && jsonSchema.type === 'string') jsonSchema.examples ??= [example];
      if (jsonSchema.enum !== undefined) allowReference(jsonSchema);
    },
  });
}

/** A word of a closed list may also come from the environment. */
function allowReference(schema: z.core.JSONSchema.BaseSchema): void {
  schema.anyOf = [{ enum: schema.enum ?? [] }, { type: 'string', pattern: '\\$\\{' }];
  delete schema.enum;
  delete schema.type;
}

/** The file that `config init` writes: every option explained, the built-in routes live. */
export function annotatedConfig(): string {
  const lines = [
    '# Holdfast configuration. What is commented out shows the default.',
    '# Check it: holdfast config check. Understand it: holdfast config explain.',
    '',
  ];
  for (const row of optionRows(configSchema)) {
    if (row.path.includes('*')) continue;
    lines.push(...annotatedLines(row));
  }
  return `${lines.join('\n')}\n`;
}

function annotatedLines({ path, meta, fallback }: OptionRow): string[] {
  const [top] = path;
  const comment = [`# ${meta.doc}`, `# Why: ${meta.why}`];
  if (top === 'upstreams') return [...comment, ...builtInUpstreams.trimEnd().split('\n'), ''];
  if (top === 'routes') return [...comment, ...builtInRoutes.trimEnd().split('\n'), ''];
  const indent = '  '.repeat(path.length - 1);
  const key = path.at(-1);
  if (typeof fallback === 'object') return [...comment, `${key}:`];
  const value = fallback === undefined ? ' # nothing' : ` ${fallbackText(fallback)}`;
  const last = path.length === 1 ? [''] : [];
  return [...comment.map((line) => indent + line), `${indent}# ${key}:${value}`, ...last];
}
