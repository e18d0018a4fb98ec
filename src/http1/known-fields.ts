// Recognises the names of the fields that steer a connection, in place and without a substring:
// first by length, then by folded comparison. Invariant: agrees with `fieldKind` of core for every
// token, which a test checks.

import { FieldKind } from '../core/header-list.ts';
import { spells } from './char-class.ts';

/** The `FieldKind` of the name bytes[start..end), which must consist of token characters. */
export function knownFieldKind(bytes: Uint8Array, start: number, end: number): number {
  switch (end - start) {
    case 2:
      return spells(bytes, start, 'te') ? FieldKind.te : 0;
    case 4:
      return spells(bytes, start, 'host') ? FieldKind.host : 0;
    case 6:
      return spells(bytes, start, 'expect') ? FieldKind.expect : 0;
    case 7:
      if (spells(bytes, start, 'upgrade')) return FieldKind.upgrade;
      return spells(bytes, start, 'trailer') ? FieldKind.trailer : 0;
    case 10:
      if (spells(bytes, start, 'connection')) return FieldKind.connection;
      return spells(bytes, start, 'keep-alive') ? FieldKind.keepAlive : 0;
    case 14:
      return spells(bytes, start, 'content-length') ? FieldKind.contentLength : 0;
    case 16:
      return spells(bytes, start, 'proxy-connection') ? FieldKind.proxyConnection : 0;
    case 17:
      return spells(bytes, start, 'transfer-encoding') ? FieldKind.transferEncoding : 0;
    case 18:
      return spells(bytes, start, 'proxy-authenticate') ? FieldKind.proxyAuthenticate : 0;
    case 19:
      return spells(bytes, start, 'proxy-authorization') ? FieldKind.proxyAuthorization : 0;
    default:
      return 0;
  }
}
