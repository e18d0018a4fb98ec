// Completes package-lock.json: a registry that lacks the binaries of other platforms makes
// `npm install` leave them out silently, and then `npm ci` refuses the file on every machine.
// `--check` only reports. Adds entries, never changes one; versions come from the packages' own
// lists, and npm verifies what it fetches when such a platform installs.

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const file = resolve(import.meta.dirname, '..', 'package-lock.json');

/** The part of a lockfile entry that is read or written here. */
export interface LockedPackage {
  readonly version?: string;
  readonly cpu?: readonly string[];
  readonly dev?: boolean;
  readonly libc?: readonly string[];
  readonly license?: string;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly engines?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The entries of a lockfile by their place. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>;

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'win32'];
const moreSystems = ['openharmony', 'sunos'];
const processors = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
];

/** The optional dependencies that have no entry, as the entries they should have. */
export function missingEntries(packages: LockedPackages): Record<string, LockedPackage> {
  const missing: Record<string, LockedPackage> = {};
  for (const [place, owner] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      const spots = [`${place}/node_modules/${name}`, `node_modules/${name}`];
      if (spots.some((spot) => spot in packages)) continue;
      missing[`node_modules/${name}`] = entryOf(name, version, siblingOf(owner, packages));
    }
  }
  return missing;
}

/** An optional dependency of the same owner that is there: the others are built like it. */
function siblingOf(owner: LockedPackage, packages: LockedPackages): LockedPackage {
  const names = Object.keys(owner.optionalDependencies ?? {});
  const present = names.find((name) => `node_modules/${name}` in packages);
  return packages[`node_modules/${present}`] ?? owner;
}

function entryOf(name: string, version: string, sibling: LockedPackage): LockedPackage {
  const words = name.replace(/^.*\//, '').split('-');
  const system = words.find((word) => systems.includes(word) || moreSystems.includes(word));
  const cpu = words.find((word) => processors.includes(word));
  if (system === undefined || cpu === undefined || !/^\d/.test(version)) {
    throw new Error(`cannot tell the platform of ${name}@${version}; add its entry by hand`);
  }
  const { dev, libc, license, engines } = sibling;
  const library = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc';
  return {
    version,
    cpu: [cpu],
    ...(dev === undefined ? {} : { dev }),
    ...(libc !== undefined && system === 'linux' ? { libc: [library] } : {}),
    ...(license === undefined ? {} : { license }),
    optional: true,
    os: [system],
    ...(engines === undefined ? {} : { engines }),
  };
}

if (import.meta.main) {
  const lockfile = JSON.parse(readFileSync(file, 'utf8')) as { packages: LockedPackages };
  const missing = missingEntries(lockfile.packages);
  const count = Object.keys(missing).length;
  if (count > 0 && process.argv.includes('--check')) {
    console.log(`package-lock.json lacks ${count} packages of other platforms, so npm ci fails:`);
    console.log('run node tools/lockfile.ts');
    process.exitCode = 1;
  } else if (count > 0) {
    const all = Object.entries({ ...lockfile.packages, ...missing });
    const packages = Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
    writeFileSync(file, `${JSON.stringify({ ...lockfile, packages }, undefined, 2)}\n`);
    console.log(`added ${count} packages of other platforms`);
  }
}
