// One stored credential of any kind, as the layer uses it: fields that never change, a file, or a
// token with a life of its own.

import type { HeaderEdit } from '../../core/header-edit.ts';
import type { FileSecret } from './file-secret.ts';
import type { TokenCache } from './token-cache.ts';

/** What is used for the calls of one upstream. */
export type Credential =
  | { readonly kind: 'fixed'; readonly edit: HeaderEdit }
  | { readonly kind: 'file'; readonly secret: FileSecret }
  | { readonly kind: 'token'; readonly cache: TokenCache };
