// The Salesforce Models API as it is on the wire. Its answers are always converted, and the
// conversion reads what they mean; here they are bodies of bytes whose framing must be whole.

import type { Dialect } from '../../core/dialect.ts';
import { plainDialect } from '../plain.ts';

/** Salesforce Models, before conversion. */
export const salesforceDialect: Dialect = { ...plainDialect, name: 'salesforce-models' };
