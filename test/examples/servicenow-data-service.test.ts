import { equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runExample } from './example-run.ts';

/** The columns of the line of a table: views, failed, pages, rows. */
function counts(text: string, table: string): number[] {
  const line = new RegExp(`^ +${table} +(\\d+) +(\\d+) +(\\d+) +(\\d+) `, 'm').exec(text);
  ok(line !== null, `no line of ${table} in:\n${text}`);
  return line.slice(1).map(Number);
}

const tables = ['incident', 'change_task', 'sc_task', 'task'];

describe('the example of a data service on ServiceNow', () => {
  it('reads everything through the gateway, and hardly anything without', async () => {
    const { code, output } = await runExample('servicenow-data-service');
    equal(code, 0, output);
    const [straight = '', gateway = ''] = output.split('through the gateway');
    const failed = tables.reduce((sum, table) => sum + (counts(straight, table)[1] ?? 0), 0);
    ok(failed > 10, straight);
    for (const table of tables) {
      const [views = 0, failures, pages = 0, rows] = counts(gateway, table);
      equal(views, 10);
      equal(failures, 0);
      ok(pages > views, 'pages were followed');
      equal(rows, table === 'task' ? 900 : 300);
    }
    match(gateway, /^ {2}110 calls with 1 token fetched$/m);
    match(gateway, /saw 111 requests, at most [1-4] at a time/);
    match(gateway, /closed 0 connections/);
  });

  it('says what is wrong and fails where the instance cannot be reached', async () => {
    const nowhere = 'http://127.0.0.1:9';
    const { code, output } = await runExample('servicenow-data-service', {
      SERVICENOW_URL: nowhere,
      SERVICENOW_TOKEN_URL: `${nowhere}/oauth_token.do`,
    });
    equal(code, 1);
    match(output, /^FAILED: incident: status 503/m);
    ok(!output.includes('straight'), 'a real instance is not stormed');
  });
});
