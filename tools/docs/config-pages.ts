// The pages of the configuration, as the schema itself describes its options.

import { configJsonSchema, configReference } from '../../src/gateway/config/reference.ts';

/** Renders docs/reference/config.md. */
export function configPage(): string {
  return configReference();
}

/** Renders docs/reference/config.schema.json. */
export function configSchemaFile(): string {
  return `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`;
}
