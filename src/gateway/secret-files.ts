// The files that secrets are mounted in.

import { open, stat } from 'node:fs/promises';
import type { SecretFiles } from '../layers/credentials/file-secret.ts';

/** A secret is sent in a header, so it cannot be longer than one. */
const SECRET_BYTES_MAX = 64 * 1024;

/** The files of this machine. */
export const secretFiles: SecretFiles = {
  async stamp(path) {
    // Kubernetes swaps a link, so the identity of the file behind it counts as well as its time.
    const { mtimeMs, ino, size } = await stat(path);
    return `${mtimeMs} ${ino} ${size}`;
  },
  async read(path) {
    const file = await open(path, 'r');
    try {
      const buffer = Buffer.alloc(SECRET_BYTES_MAX + 1);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      if (bytesRead > SECRET_BYTES_MAX) throw new RangeError('the file is too large for a secret');
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  },
};
