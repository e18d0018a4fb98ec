// Which of several targets a value belongs to, without a table: each target draws a number from the
// value and its own name, and the highest wins (rendezvous hashing, Thaler and Ravishankar). When
// one target comes or goes, only the values that it wins or held move.

const OFFSET = 0x81_1c_9d_c5;
const PRIME = 0x01_00_01_93;

/** FNV-1a of `text`, begun at `seed`, so that two texts can be hashed one after the other. */
export function hashText(text: string, seed: number = OFFSET): number {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  }
  return hash >>> 0;
}

/**
 * The number that a target draws for a value, given `hashText` of its name. A target of twice the
 * weight wins twice as many values (weighted rendezvous: -weight / ln(u)).
 */
export function rendezvousScore(value: string, targetHash: number, weight: number): number {
  // FNV alone leaves names that differ in one character close together; murmur3's last step mixes.
  let mixed = hashText(value, targetHash);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85_eb_ca_6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2_b2_ae_35);
  const uniform = (((mixed ^ (mixed >>> 16)) >>> 0) + 0.5) / 4_294_967_296;
  return -weight / Math.log(uniform);
}
