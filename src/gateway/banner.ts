// The first words of a running gateway: where it is, how to try it, how to point tools at it.

import type { Settings } from './config/settings.ts';

/** What the banner tells of. */
export interface BannerFacts {
  readonly url: string;
  readonly adminUrl: string | undefined;
  readonly settings: Settings;
  /** How `holdfast` is called from this shell, for lines that can be pasted. */
  readonly command: string;
}

/** The lines for a person at a terminal. */
export function bannerText({ url, adminUrl, settings, command }: BannerFacts): string {
  const config = settings.file ?? 'built in';
  const admin = adminUrl === undefined ? '' : `, admin ${adminUrl}`;
  const listen = settings.listen.port === 8787 ? '' : ` --url ${url}`;
  const lines = [`Holdfast listens on ${url}${admin} (configuration: ${config})`];
  if (settings.simulator) lines.push(`  try it offline:   ${tryLine(url)}`);
  lines.push(`  point tools here: eval "$(${command} env${listen})"`);
  return `${lines.join('\n')}\n`;
}

function tryLine(url: string): string {
  const body = '{"model":"sim-chat","stream":true,"messages":[{"role":"user","content":"Hello"}]}';
  return `curl -N ${url}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`;
}
