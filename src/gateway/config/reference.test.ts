import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from './load.ts';
import { annotatedConfig, configJsonSchema, configReference } from './reference.ts';
import { configSchema } from './schema.ts';
import { optionRows } from './schema-walk.ts';

const context = { env: {}, readText: () => '' };

describe('what is made from the schema', () => {
  it('describes every option with a reason in one line each', () => {
    const rows = [...optionRows(configSchema)];
    assert.ok(rows.length > 50);
    for (const { path, meta } of rows) {
      assert.match(meta.doc, /^\S.*\.$/, path.join('.'));
      assert.match(meta.why, /^\S.*\.$/, path.join('.'));
    }
  });

  it('the reference page names every option once', () => {
    const page = configReference();
    for (const { path } of optionRows(configSchema)) {
      const name = path
        .join('.')
        .replace(/^routes\.\*/, 'routes[]')
        .replace(/^upstreams\.\*/, 'upstreams.NAME');
      assert.equal(page.split(`### \`${name}\`\n`).length, 2, name);
    }
  });

  it('the annotated file is valid and means the same as no file', () => {
    const made = loadConfig({ name: 'f', text: annotatedConfig() }, context);
    const none = loadConfig(undefined, context);
    assert.deepEqual(made.lines, []);
    assert.deepEqual({ ...made.settings, file: undefined }, none.settings);
  });

  it('every default in the annotated file is valid when it is uncommented', () => {
    const text = annotatedConfig().replaceAll(/^( *)# (\w+: \S+)$/gm, '$1$2');
    const made = loadConfig({ name: 'f', text }, context);
    assert.deepEqual(made.lines, []);
    assert.ok(text.includes('\nlisten: 127.0.0.1:8787\n'));
    assert.deepEqual(
      { ...made.settings, file: undefined },
      loadConfig(undefined, context).settings,
    );
  });

  it('the JSON Schema refuses unknown options and knows words and units', () => {
    const schema = configJsonSchema() as {
      additionalProperties: unknown;
      properties: Record<string, { description: string; default?: unknown; anyOf?: unknown }>;
    };
    assert.equal(schema.additionalProperties, false);
    assert.equal(schema.properties['simulator']?.default, true);
    assert.match(schema.properties['edge']?.description ?? '', /HTTP server/);
    assert.match(JSON.stringify(schema.properties['edge']?.anyOf), /node-http/);
  });
});
