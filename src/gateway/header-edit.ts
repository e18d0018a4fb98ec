// Changes to the fields of a call for an upstream that are the same for all its calls. Credentials
// are not among them: they may differ from one attempt to the next.

import { HeaderEdit } from '../core/header-edit.ts';

/** What is changed. */
export interface FieldChanges {
  /** Ask for plain answers, whatever the caller asked: only those can be read in passing. */
  readonly identityOnly: boolean;
  /** Lower-case names of fields that stay behind. */
  readonly without: readonly string[];
}

/** The edit; `undefined` = nothing changes. */
export function headerEditFor({ identityOnly, without }: FieldChanges): HeaderEdit | undefined {
  if (identityOnly) {
    return new HeaderEdit(['accept-encoding', ...without], [['accept-encoding', 'identity']]);
  }
  return without.length === 0 ? undefined : new HeaderEdit(without, []);
}
