// Rules about keys and tenants that no single option shows.

import { digestOf } from './key-digest.ts';
import type { Path, Problem } from './problem.ts';
import type { AccessKeyConfig, QuotaConfig } from './schema-access.ts';
import type { WrittenConfig } from './schema.ts';

/** What contradicts itself under `access`. */
export function accessProblems({ access }: WrittenConfig): Problem[] {
  const keys = access.keys ?? [];
  const tenants = new Set(keys.map(({ name, tenant }) => tenant ?? name));
  return [
    ...keys.flatMap((key, at) => keyProblems(key, at, keys)),
    ...Object.entries(access.tenants ?? {}).flatMap(([name, { quota }]) => {
      const path = ['access', 'tenants', name];
      const unused = { severity: 'warning', path, message: 'is the tenant of no key' } as const;
      return [...(tenants.has(name) ? [] : [unused]), ...quotaProblems(quota, [...path, 'quota'])];
    }),
  ];
}

function keyProblems(
  key: AccessKeyConfig,
  at: number,
  keys: readonly AccessKeyConfig[],
): Problem[] {
  const path = ['access', 'keys', at];
  const problems: Problem[] = [];
  const say = (message: string, last: string): void => {
    problems.push({ severity: 'error', path: [...path, last], message });
  };
  if (key.key === undefined && key.sha256 === undefined) {
    say('is missing; write the key as ${NAME}, or its sha256', 'key');
  }
  if (key.key !== undefined && key.sha256 !== undefined) {
    say('stands beside key; keep one of them', 'sha256');
  }
  const twin = keys.findIndex(({ name }) => name === key.name);
  if (twin < at) say(`"${key.name}" is the name of another key; choose one of its own`, 'name');
  const digest = digestOf(key);
  const same = keys.findIndex((other) => digestOf(other) === digest);
  if (digest !== '' && same < at) {
    const reason = `is the key of "${keys[same]?.name}" too; every caller needs one of its own`;
    say(reason, key.key === undefined ? 'sha256' : 'key');
  }
  if (key.quota !== undefined) problems.push(...quotaProblems(key.quota, [...path, 'quota']));
  return problems;
}

function quotaProblems(quota: QuotaConfig, path: Path): Problem[] {
  if (quota.burst === undefined || quota.requests !== undefined) return [];
  const message = 'has no effect without requests; add for example requests: 600/m';
  return [{ severity: 'error', path: [...path, 'burst'], message }];
}
