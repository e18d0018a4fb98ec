// Whether a Host field can be meant for a listener of this machine. A web page that re-binds its
// name to 127.0.0.1 (DNS rebinding) sends that name; so it is told from a real caller.

import { isIP } from 'node:net';
import { isLoopback } from './config/values.ts';
import type { Address } from './config/values.ts';

/**
 * True unless the listener is private to this machine and the request names something that is
 * neither an IP address nor `localhost`. Listeners open to others are reached by any name.
 */
export function isExpectedHost(authority: string | undefined, listener: Address): boolean {
  if (!isLoopback(listener.host)) return true;
  if (authority === undefined || authority === '') return true;
  const host = hostOf(authority).toLowerCase();
  return host === 'localhost' || host.endsWith('.localhost') || isIP(host) !== 0;
}

function hostOf(authority: string): string {
  if (authority.startsWith('[')) return authority.slice(1, authority.indexOf(']'));
  const colon = authority.lastIndexOf(':');
  return colon < 0 ? authority : authority.slice(0, colon);
}
