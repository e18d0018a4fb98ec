// Makes a socket deaf: the kernel drops every packet for it (data, ACK, FIN, RST, keepalive probes
// and, on a listener, SYN), which is what a dead path looks like and what no user-space relay can
// do by merely not reading. A classic BPF program that accepts zero bytes is attached by
// setsockopt, through Node's experimental FFI; needs Linux, no privilege. Elsewhere it does nothing
// and says what is missing.

import type * as ffiModule from 'node:ffi';
import { createRequire } from 'node:module';
import type { Server, Socket } from 'node:net';
import { arch, platform } from 'node:process';

// asm-generic/socket.h, as on x64 and arm64.
const AF_INET = 2;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SO_DETACH_FILTER = 27;
/** `BPF_RET | BPF_K` with k = 0: keep nothing of the packet. */
const BPF_RET_K = 6;

type SetSocketOption = (fd: number, option: number) => boolean;

/**
 * Drops (or takes again) all packets that arrive for `socket`. `false` = cannot on this machine.
 */
export function dropPackets(socket: Socket | Server, on: boolean): boolean {
  const set = setSocketOption();
  const fd = (socket as unknown as { _handle?: { fd?: number } | null })._handle?.fd;
  if (set === undefined || fd === undefined || fd < 0) return false;
  return set(fd, on ? SO_ATTACH_FILTER : SO_DETACH_FILTER);
}

/** This machine can drop packets. */
export function canDropPackets(): boolean {
  return setSocketOption() !== undefined;
}

/** What this machine lacks to drop packets, in words; '' where it can. */
export function packetFilterLack(): string {
  setSocketOption();
  return typeof found === 'string' ? found : '';
}

/** How to set the option, or what is missing; looked for once. */
let found: SetSocketOption | string | undefined;

function setSocketOption(): SetSocketOption | undefined {
  found ??= load();
  return typeof found === 'string' ? undefined : found;
}

function load(): SetSocketOption | string {
  if (platform !== 'linux') return `Linux (this is ${platform})`;
  if (arch !== 'x64' && arch !== 'arm64') return `a processor with known numbers, not ${arch}`;
  try {
    return loadFrom(createRequire(import.meta.url)('node:ffi') as typeof ffiModule);
  } catch (fault) {
    return `node:ffi, which Node has from version 26 on (${String(fault)})`;
  }
}

function loadFrom(ffi: typeof ffiModule): SetSocketOption | string {
  const library = ffi.dlopen(null, {
    socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
    setsockopt: { arguments: ['i32', 'i32', 'i32', 'pointer', 'u32'], return: 'i32' },
    close: { arguments: ['i32'], return: 'i32' },
  });
  const { socket, setsockopt, close } = library.functions;
  const instruction = Buffer.alloc(8);
  instruction.writeUInt16LE(BPF_RET_K, 0);
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
  const program = Buffer.alloc(16);
  program.writeUInt16LE(1, 0);
  program.writeBigUInt64LE(ffi.getRawPointer(instruction), 8);
  const set: SetSocketOption = (fd, option) => {
    // Named here so that the collector keeps what the kernel is about to read.
    if (instruction.length !== 8) return false;
    const pointer = ffi.getRawPointer(program);
    return setsockopt(fd, SOL_SOCKET, option, pointer, program.length) === 0;
  };
  // Sandboxes have kernels of their own, which may know no filters.
  const trial = socket(AF_INET, SOCK_STREAM, 0);
  const works = set(trial, SO_ATTACH_FILTER);
  close(trial);
  return works ? set : 'a kernel that takes SO_ATTACH_FILTER';
}
