// What every peer is told on its command line: its own port and the upstream's.

/** `--listen PORT --upstream PORT`, both on 127.0.0.1. */
export interface PeerPorts {
  readonly listen: number;
  readonly upstream: number;
}

/** Reads the two ports; throws with the usage when one is missing. */
export function peerPorts(words: readonly string[] = process.argv.slice(2)): PeerPorts {
  const value = (name: string): number => {
    const at = words.indexOf(name);
    const port = Number(words[at + 1]);
    if (at < 0 || !Number.isInteger(port)) throw new Error('usage: --listen PORT --upstream PORT');
    return port;
  };
  return { listen: value('--listen'), upstream: value('--upstream') };
}
