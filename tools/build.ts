// `npm run build`: emits the package into dist. With `--check` it then looks at the result as a
// user would: publint reads the manifest, the command runs, and a consumer of the types compiles.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

/** The part of package.json that the checks need. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, unknown>>;
}

const manifest = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as Manifest;

function run(file: string, args: readonly string[], cwd = root): string {
  const binary = file === 'node' ? process.execPath : resolve(root, 'node_modules', '.bin', file);
  return execFileSync(binary, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function build(): void {
  rmSync(resolve(root, 'dist'), { recursive: true, force: true });
  run('tsc', ['-p', 'tsconfig.build.json']);
  for (const file of Object.values(manifest.bin)) chmodSync(resolve(root, file), 0o755);
}

function checkCommand(): void {
  for (const file of Object.values(manifest.bin)) {
    const said = run('node', [file, '--version']).trim();
    if (said !== manifest.version) throw new Error(`${file} --version says "${said}"`);
  }
}

/** Installs the package next to a consumer that compiles against and runs each entry point. */
function checkConsumer(): void {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-consumer-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules', manifest.name));
    symlinkSync(resolve(root, 'node_modules', '@types'), join(folder, 'node_modules', '@types'));
    const lines = Object.keys(manifest.exports).map((entry, index) => {
      const name = entry.replace(/^\./, manifest.name);
      return `import * as e${index} from '${name}';\nconsole.log(Object.keys(e${index}).length);\n`;
    });
    const compilerOptions = { module: 'nodenext', target: 'es2024', strict: true, types: ['node'] };
    const files = ['consumer.ts'];
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'consumer.ts'), lines.join(''));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    run('tsc', ['-p', folder]);
    const counts = run('node', [join(folder, 'consumer.js')])
      .trim()
      .split('\n');
    if (counts.includes('0')) throw new Error(`an entry point exports nothing: ${counts.join()}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  build();
  if (process.argv.includes('--check')) {
    run('publint', ['run', '--strict', '--pack', 'npm']);
    checkCommand();
    checkConsumer();
  }
} catch (error) {
  const { stdout, stderr, message } = error as Error & { stdout?: string; stderr?: string };
  console.error([message, stdout, stderr].filter((text) => text).join('\n'));
  process.exitCode = 1;
}
