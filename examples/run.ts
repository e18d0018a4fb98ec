// `npm run examples`: runs every example against the simulators, one after the other, with a line
// for each; what one printed is shown when it failed, or when it was asked for by name.
//   npm run examples -- NAME    one of them, with what it prints
// Exit codes: 0 all well, 1 some were not, 2 no such example.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';

/** One example; npm may have to fetch a coding agent of some hundred megabytes first. */
const LIMIT_MS = 300_000;

const names = readdirSync(import.meta.dirname)
  .filter((name) => existsSync(resolve(import.meta.dirname, name, 'run.ts')))
  .toSorted();

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly seconds: string;
}

/** Runs one in a process of its own. `isShown`: straight to the screen. */
function runExample(name: string, isShown: boolean): Promise<Ended> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [resolve(import.meta.dirname, name, 'run.ts')], {
    stdio: isShown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text));
  // The example ends what it has started when it is ended like this.
  const limit = setTimeout(() => child.kill('SIGTERM'), LIMIT_MS);
  return new Promise((done) => {
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      if (signal !== null) output += `ended by ${signal}\n`;
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      done({ code: code ?? 1, output, seconds });
    });
  });
}

async function runAll(): Promise<number> {
  let failures = 0;
  for (const name of names) {
    const { code, output, seconds } = await runExample(name, false);
    const mark = code === 0 ? 'ok  ' : 'FAIL';
    console.log(`${mark} ${name.padEnd(28)} exit ${code}  ${seconds.padStart(5)} s`);
    if (code === 0) continue;
    failures += 1;
    console.log(output.trimEnd().replaceAll(/^/gm, '     '));
  }
  return failures === 0 ? 0 : 1;
}

async function main([name]: readonly string[]): Promise<number> {
  if (name === undefined) return runAll();
  if (names.includes(name)) return (await runExample(name, true)).code;
  console.error(`no example "${name}"; there are: ${names.join(', ')}`);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
