// Who calls, by the key that the request carries. Keys are hashed when the configuration comes into
// force and kept as nothing but tags: SHA-256 under a secret of this process, over the SHA-256 of
// the key. A look-up makes the same tag and finds it in a map.
// Why that is constant-time enough: the time of a look-up depends on how the tag made meets those
// that are kept, and without the secret nobody can choose or foresee a single bit of either. So it
// tells known keys from unknown ones, as the status does, and nothing about how near a guess came.
// The secret fills one block of SHA-256 and what follows has one length, the form in which a keyed
// hash is as good as HMAC, at two fifths of its time; no tag ever leaves this object.
// Invariant: no key is kept, and none that was accepted goes upstream.

import { hash, randomBytes } from 'node:crypto';
import type { Caller, Priority } from '../../core/caller.ts';
import type { HeaderList } from '../../core/header-list.ts';
import { HeaderEdit } from '../../core/header-edit.ts';
import { silentAccessObserver } from './access-observer.ts';
import type { AccessObserver } from './access-observer.ts';
import { keyFields, presentedKey } from './presented-key.ts';
import type { KeyField } from './presented-key.ts';

/** One key of the configuration: its text, or the SHA-256 of it in hex. */
export interface AccessKeyEntry {
  readonly name: string;
  readonly key?: string | undefined;
  readonly sha256?: string | undefined;
  readonly tenant: string;
  readonly priority: Priority;
}

/** A caller who is known, and the field that said so. */
export interface Admission {
  readonly caller: Caller;
  readonly via: KeyField;
}

/** `missing`: no field holds a key. `unknown`: one does, and it opens nothing. */
export type AccessAnswer = Admission | 'missing' | 'unknown';

/** Hex digits of 32 bytes: exactly one block of SHA-256. */
const SECRET_BYTES = 32;
/** Shorter keys could be found by chance in what other fields hold. */
const SEARCHED_LENGTH_MIN = 16;

/** The keys of one configuration. */
export class AccessKeys {
  readonly #secret = randomBytes(SECRET_BYTES).toString('hex');
  readonly #byTag = new Map<string, Readonly<Record<KeyField, Admission>>>();
  readonly #observer: AccessObserver;

  /** Throws when two entries share a key: nobody could say who calls. */
  constructor(entries: readonly AccessKeyEntry[], observer: AccessObserver = silentAccessObserver) {
    this.#observer = observer;
    for (const entry of entries) {
      const digest = digestOf(entry);
      const tag = this.#tagOf(digest);
      const twin = this.#byTag.get(tag);
      if (twin !== undefined) {
        const { name } = twin['x-api-key'].caller;
        throw new Error(`access keys "${name}" and "${entry.name}" are the same key`);
      }
      this.#byTag.set(tag, admissionsOf(entry));
    }
  }

  /** Number of keys. 0 = everybody who can connect may call; `find` is not to be asked then. */
  get size(): number {
    return this.#byTag.size;
  }

  /**
   * Who sends these fields. `x-holdfast-key` decides alone, because nobody else reads it; of the
   * other two, which may hold a key for the upstream, the first one that is known.
   */
  find(headers: HeaderList): AccessAnswer {
    let seen: KeyField | undefined;
    for (const field of keyFields) {
      const key = presentedKey(headers, field);
      if (key === undefined) continue;
      const found = this.#admissions(key)?.[field];
      if (found !== undefined) return found;
      seen ??= field;
      if (field === 'x-holdfast-key') break;
    }
    if (seen === undefined) {
      this.#observer.keyMissing();
      return 'missing';
    }
    this.#observer.keyUnknown(seen);
    return 'unknown';
  }

  /**
   * The fields without any key of this gateway, as they may go upstream. `via` is the field that
   * `find` has named. A caller may carry its key in several fields, or another one of ours.
   */
  stripped(headers: HeaderList, via: KeyField): HeaderList {
    const key = presentedKey(headers, via);
    let rest = dropping[via].apply(headers);
    for (const field of keyFields) {
      if (field === via || !rest.has(field)) continue;
      if (this.#isOurs(rest, field, key)) rest = dropping[field].apply(rest);
    }
    // It may stand in a field of another name as well, or twice in one.
    if (key === undefined || key.length < SEARCHED_LENGTH_MIN) return rest;
    return rest.text.includes(key) ? withoutText(rest, key) : rest;
  }

  #isOurs(headers: HeaderList, field: KeyField, admitted: string | undefined): boolean {
    if (field === 'x-holdfast-key') return true;
    const key = presentedKey(headers, field);
    return key !== undefined && (key === admitted || this.#admissions(key) !== undefined);
  }

  #admissions(key: string): Readonly<Record<KeyField, Admission>> | undefined {
    return this.#byTag.get(this.#tagOf(hash('sha256', key, 'hex')));
  }

  #tagOf(hexDigest: string): string {
    return hash('sha256', this.#secret + hexDigest, 'hex');
  }
}

const dropping: Readonly<Record<KeyField, HeaderEdit>> = {
  'x-holdfast-key': new HeaderEdit(['x-holdfast-key'], []),
  authorization: new HeaderEdit(['authorization'], []),
  'x-api-key': new HeaderEdit(['x-api-key'], []),
};

function digestOf({ name, key, sha256 }: AccessKeyEntry): string {
  if (key !== undefined && key !== '') return hash('sha256', key, 'hex');
  // The digest of the empty text would let in whoever sends an empty field; none is read as a key.
  if (sha256 !== undefined) return sha256.toLowerCase();
  throw new Error(`access key "${name}" has neither a key nor a digest`);
}

/** One answer for each field, made once, so that a look-up allocates none. */
function admissionsOf(entry: AccessKeyEntry): Readonly<Record<KeyField, Admission>> {
  const { name, tenant, priority } = entry;
  const caller: Caller = Object.freeze({ name, tenant, priority });
  const via = (field: KeyField): Admission => Object.freeze({ caller, via: field });
  return Object.freeze({
    'x-holdfast-key': via('x-holdfast-key'),
    authorization: via('authorization'),
    'x-api-key': via('x-api-key'),
  });
}

/** Without every field whose value contains the text. Rare, so it need not be fast. */
function withoutText(headers: HeaderList, text: string): HeaderList {
  const names = [...headers].filter(([, value]) => value.includes(text)).map(([name]) => name);
  return headers.without(...names.map((name) => name.toLowerCase()));
}
