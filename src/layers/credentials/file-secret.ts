// A secret in a file, as orchestrators mount it. Looked at every few seconds while calls come, in
// the background, and read again when it has changed; a file that cannot be read leaves the last
// content in use, since it is often replaced by removing it first.

import type { Clock } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import { credentialEdit } from '../../core/header-edit.ts';
import type { HeaderEdit } from '../../core/header-edit.ts';
import { fieldsOf } from './credential-settings.ts';
import type { FieldForm } from './credential-settings.ts';
import type { CredentialsObserver, CredentialView } from './credentials-observer.ts';
import { isSendable, UNSENDABLE } from './token-source.ts';

/** The files of the machine. */
export interface SecretFiles {
  /** Another text whenever the file may have changed. Rejects where there is none. */
  stamp(path: string): Promise<string>;
  /** Its content. Rejects where there is none, or too much. */
  read(path: string): Promise<string>;
}

/** What is given to it. */
export interface FileSecretDeps {
  readonly clock: Clock;
  readonly observer: CredentialsObserver;
  readonly files: SecretFiles;
}

/** What tells this one from others. */
export interface FileSecretFacts {
  readonly name: string;
  readonly path: string;
  readonly form: FieldForm;
  /** Least time between two looks, in ms. */
  readonly checkMs: number;
}

/** One secret. */
export class FileSecret {
  readonly #deps: FileSecretDeps;
  readonly #facts: FileSecretFacts;
  #edit: HeaderEdit | undefined = undefined;
  #text: string = '';
  #version: number = 0;
  #stamp: string = '';
  #nextLookAt: number = Number.NEGATIVE_INFINITY;
  #look: Promise<void> | undefined = undefined;
  #failures: number = 0;
  #failuresInARow: number = 0;
  /** What is wrong with the file, as the end of a sentence. */
  #fault: string = 'has not been read yet';

  constructor(deps: FileSecretDeps, facts: FileSecretFacts) {
    this.#deps = deps;
    this.#facts = facts;
  }

  /** The fields in force, or `undefined` before the file could be read at all. */
  ask(now: number): HeaderEdit | undefined {
    if (now >= this.#nextLookAt) void this.lookNow();
    return this.#edit;
  }

  /** Looks at the file; resolves when that is done, well or not. */
  lookNow(): Promise<void> {
    this.#look ??= this.#lookOnce().finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  failure(): CallError {
    return new CallError('CREDENTIALS_UNAVAILABLE', {
      detail: `${this.#facts.name}: The file with the secret ${this.#fault}.`,
      retryAfterMs: this.#facts.checkMs,
    });
  }

  view(): CredentialView {
    return {
      name: this.#facts.name,
      kind: 'file',
      state: viewState(this.#edit !== undefined, this.#failuresInARow),
      // A file may hold something that can be guessed, and then a digest gives it away.
      fingerprint: '',
      version: this.#version,
      remainingMs: undefined,
      refreshes: this.#version,
      failures: this.#failures,
      failuresInARow: this.#failuresInARow,
      waiting: 0,
      opensInMs: 0,
      skewMs: 0,
      advice: '',
      lastFailure: this.#failuresInARow === 0 ? '' : `The file ${this.#fault}.`,
    };
  }

  async #lookOnce(): Promise<void> {
    const { clock, files, observer } = this.#deps;
    const { name, path, checkMs } = this.#facts;
    this.#nextLookAt = Number.POSITIVE_INFINITY;
    try {
      const stamp = await files.stamp(path);
      if (stamp !== this.#stamp) {
        this.#take(await files.read(path));
        this.#stamp = stamp;
      }
      this.#failuresInARow = 0;
    } catch (error) {
      this.#failures += 1;
      this.#failuresInARow += 1;
      this.#fault = faultOf(error);
      if (this.#failuresInARow === 1) {
        observer.fileUnreadable(name, { path, fault: this.#fault, inUse: this.#version > 0 });
      }
    }
    this.#nextLookAt = clock.now() + checkMs;
  }

  #take(content: string): void {
    const text = content.trim();
    if (text === '') throw new UnfitContent('is empty');
    if (!isSendable(text)) throw new UnfitContent(`holds ${UNSENDABLE}`);
    if (text === this.#text) return;
    this.#text = text;
    this.#version += 1;
    this.#edit = credentialEdit(fieldsOf(this.#facts.form, text));
  }
}

/** Words about a content, none of which is in it. */
class UnfitContent extends Error {}

function faultOf(error: unknown): string {
  if (error instanceof UnfitContent) return error.message;
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ENOENT') return 'does not exist';
  return code === 'EACCES' ? 'may not be read by this process' : 'cannot be read';
}

function viewState(isThere: boolean, failuresInARow: number): CredentialView['state'] {
  if (failuresInARow > 0) return 'failing';
  return isThere ? 'good' : 'empty';
}
