// Makes a socket deaf: the kernel drops every packet for it (data, ACK, FIN, RST, keepalive probes
// and, on a listener, SYN), which is what a dead path looks like and what no user-space relay can
// do by merely not reading. A classic BPF program that accepts zero bytes is attached by
// setsockopt, through Node's experimental FFI; needs Linux, no privilege. Elsewhere it says so and
// does nothing.

import type * as ffiModule from 'node:ffi';
import { createRequire } from 'node:module';
import type { Server, Socket } from 'node:net';
import { arch, platform } from 'node:process';

// asm-generic/socket.h, as on x64 and arm64.
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

let found: SetSocketOption | undefined;
let looked = false;

function setSocketOption(): SetSocketOption | undefined {
  if (!looked) {
    looked = true;
    found = load();
  }
  return found;
}

function load(): SetSocketOption | undefined {
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) return undefined;
  try {
    const ffi = createRequire(import.meta.url)('node:ffi') as typeof ffiModule;
    const library = ffi.dlopen(null, {
      setsockopt: { arguments: ['i32', 'i32', 'i32', 'pointer', 'u32'], return: 'i32' },
    });
    const setsockopt = library.functions['setsockopt'];
    const instruction = Buffer.alloc(8);
    instruction.writeUInt16LE(BPF_RET_K, 0);
    // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
    const program = Buffer.alloc(16);
    program.writeUInt16LE(1, 0);
    program.writeBigUInt64LE(ffi.getRawPointer(instruction), 8);
    return (fd, option) => {
      // Named here so that the collector keeps what the kernel is about to read.
      if (instruction.length !== 8) return false;
      const pointer = ffi.getRawPointer(program);
      return setsockopt(fd, SOL_SOCKET, option, pointer, program.length) === 0;
    };
  } catch {
    return undefined;
  }
}
