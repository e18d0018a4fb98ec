// Which room of the house may import which. The walls that package boundaries would give come from
// here instead. Each room stands on a floor and imports from lower floors only.

import { posix } from 'node:path';
import { isTest, type Fault, type TidyFile } from './finding.ts';
import { importLines } from './source-text.ts';

/** Floors from the ground up. Rooms of one floor do not know each other. */
export const floors: readonly (readonly string[])[] = [
  ['core'],
  ['http1', 'layers', 'dialects', 'state', 'telemetry', 'simulator'],
  ['transport', 'edges'],
  ['client', 'gateway', 'testing'],
  ['doctor', 'lab', 'monitor', 'load'],
  ['cli'],
];

/** Rooms with a shorter list than their floor would give. */
const narrowed: Readonly<Record<string, readonly string[]>> = {
  // Published for others' tests: it must not drag the gateway along.
  testing: ['core', 'http1', 'dialects', 'simulator'],
};

/** What a unit test beside its source may use on top of what its room may. */
const forTests = ['testing', ...(narrowed['testing'] ?? [])];

/** Rooms that think about bytes and time but never open a socket. */
const socketless = ['core', 'http1', 'layers', 'dialects'];
const SOCKETS = /^node:(net|tls|http|https|http2|dgram|dns|dns\/promises)$/;

/** The rooms that files of `room` may import, itself left out. */
export function allowedRooms(room: string): readonly string[] | undefined {
  const floor = floors.findIndex((rooms) => rooms.includes(room));
  if (floor < 0) return undefined;
  return narrowed[room] ?? floors.slice(0, floor).flat();
}

/** Checks each import of a source file against the floors. */
export function checkRooms({ path, source }: TidyFile): Fault[] {
  if (source === undefined || !path.startsWith('src/')) return [];
  const room = roomOf(path);
  if (room === undefined || allowedRooms(room) === undefined) {
    const message = 'stands in no known room; move it, or add its room to tools/tidy/rooms.ts';
    return [{ line: 1, message }];
  }
  return importLines(source).flatMap(({ specifier, line, typeOnly }) => {
    const message = specifier.startsWith('.')
      ? relativeFault(path, room, specifier)
      : packageFault(path, room, specifier, typeOnly);
    return message === undefined ? [] : [{ line, message }];
  });
}

function relativeFault(path: string, room: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  if (!target.startsWith('src/')) {
    return `imports ${target}; src stands alone: move what it needs into src`;
  }
  const other = roomOf(target);
  if (other === room) return room === 'layers' ? siblingLayerFault(path, target) : undefined;
  const allowed = isTest(path)
    ? [...(allowedRooms(room) ?? []), ...forTests]
    : (allowedRooms(room) ?? []);
  if (other !== undefined && allowed.includes(other)) return undefined;
  const list = allowed.length === 0 ? 'nothing' : allowed.join(', ');
  return `${room} must not import ${other ?? target}; it may import ${list}: pass it in instead`;
}

function siblingLayerFault(path: string, target: string): string | undefined {
  const own = path.split('/')[2];
  const other = target.split('/')[2];
  if (own === other) return undefined;
  return `layer ${own} imports layer ${other}; layers know only core: share what both need there`;
}

function packageFault(
  path: string,
  room: string,
  specifier: string,
  typeOnly: boolean,
): string | undefined {
  if (isTest(path) || typeOnly) return undefined;
  if (room === 'core') return `core imports ${specifier}; core stands alone: hand it in as a value`;
  if (socketless.includes(room) && SOCKETS.test(specifier)) {
    return `${room} imports ${specifier}; only transport and edges open sockets`;
  }
  return undefined;
}

function roomOf(path: string): string | undefined {
  const parts = path.split('/');
  return parts.length > 2 ? parts[1] : undefined;
}
