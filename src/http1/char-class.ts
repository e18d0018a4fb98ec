// Which bytes may stand where in an HTTP/1 head, as one table of flags (RFC 9110 5.5, 5.6.2;
// RFC 9112 3.2). Built once; scanners test a byte with one load and one `&`.
// Invariant: no flag here covers CR, LF or NUL, so every scanning loop stops at the end of a line.

/** Flags of `charClass`. */
export const Char = {
  /** Token characters: field names, methods, chunk extension names. */
  token: 1,
  /** Field values and reason phrases: HTAB, SP, visible ASCII and obs-text (0x80 to 0xff). */
  value: 2,
  /** Request targets: visible ASCII without `#`. */
  target: 4,
  /** Registered names and IPv4 addresses in an authority, without `,`. */
  host: 8,
  digit: 16,
  /** Inside `[` and `]` of an IPv6 address. */
  ipv6: 32,
} as const;

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;

const ALPHANUMERIC = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

function buildClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  const mark = (characters: string, flag: number): void => {
    for (let at = 0; at < characters.length; at += 1) {
      const code = characters.charCodeAt(at);
      classes[code] = (classes[code] ?? 0) | flag;
    }
  };
  mark(`${ALPHANUMERIC}!#$%&'*+-.^_\`|~`, Char.token);
  mark(`${ALPHANUMERIC}-._~%!$&'()*+;=`, Char.host);
  mark('0123456789', Char.digit);
  mark('0123456789abcdefABCDEF:.', Char.ipv6);
  for (let code = 0x20; code < 256; code += 1) {
    if (code !== 0x7f) mark(String.fromCharCode(code), Char.value);
    if (code > 0x20 && code < 0x7f && code !== 0x23) mark(String.fromCharCode(code), Char.target);
  }
  mark('\t', Char.value);
  return classes;
}

/** Flags of `Char` for each byte. */
export const charClass: Uint8Array = buildClasses();

function buildHexValues(): Uint8Array {
  const values = new Uint8Array(256).fill(255);
  for (let digit = 0; digit < 16; digit += 1) {
    const spelt = digit.toString(16);
    values[spelt.charCodeAt(0)] = digit;
    values[spelt.toUpperCase().charCodeAt(0)] = digit;
  }
  return values;
}

/** Value of each byte as a hexadecimal digit; 255 for every other byte. */
export const hexValue: Uint8Array = buildHexValues();

/** Whether bytes[start..] spell `lowerText` in any case; for letters, digits and `-` only. */
export function spells(bytes: Uint8Array, start: number, lowerText: string): boolean {
  for (let at = 0; at < lowerText.length; at += 1) {
    // Setting bit 5 folds letters and leaves digits and `-` alone; no other token byte becomes one.
    if (((bytes[start + at] as number) | 0x20) !== lowerText.charCodeAt(at)) return false;
  }
  return true;
}
