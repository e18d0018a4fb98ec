import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startInstance } from './instance.fixture.ts';
import type { InstanceRig, Read } from './instance.fixture.ts';
import { Tables } from './tables.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const incidents = '/api/now/table/incident';
const query = (text: string): string => `sysparm_query=${encodeURIComponent(text)}`;

describe('the rows of an instance', () => {
  it('come from the seed', () => {
    const rows = (seed: number): string => JSON.stringify([...new Tables(seed, 20).rows('task')]);
    assert.equal(rows(1), rows(1));
    assert.notEqual(rows(1), rows(2));
  });

  it('refer to rows that are there', () => {
    const tables = new Tables(1, 300);
    for (const row of tables.rows('incident')) {
      assert.ok(tables.find('sys_user_group', row['assignment_group'] ?? ''));
      assert.ok(tables.find('sys_user', row['caller_id'] ?? ''));
    }
    assert.equal([...tables.rows('incident')].length, 300);
    assert.equal([...tables.rows('task')].length, 900);
  });
});

describe('the Table API', () => {
  let rig: InstanceRig;
  before(async () => {
    rig = await startInstance();
  });
  after(() => rig.close());
  const ask = (path: string, options?: RequestInit): Promise<Read> => rig.ask(path, options);

  it('lists rows with all columns as text, references as links', async () => {
    const { status, rows, headers } = await ask(incidents);
    assert.equal(status, 200);
    assert.equal(rows.length, 50);
    assert.equal(headers.get('x-total-count'), '50');
    const { number, assignment_group: group } = rows[0] as Record<string, unknown>;
    assert.match(String(number), /^INC00\d{5}$/);
    const { link, value } = group as { link: string; value: string };
    assert.equal(link, `${rig.address.url}/api/now/table/sys_user_group/${value}`);
  });

  const numbered = `${incidents}?sysparm_fields=number,state,priority,active&`;
  const filters: readonly (readonly [string, (row: Record<string, string>) => boolean])[] = [
    ['state=1', ({ state }) => state === '1'],
    ['state!=1^active=true', ({ state, active }) => state !== '1' && active === 'true'],
    ['stateIN6,7', ({ state }) => state === '6' || state === '7'],
    ['stateNOT IN6,7,8', ({ state }) => !['6', '7', '8'].includes(state ?? '')],
    [
      'state=1^ORstate=2^priority<=2',
      (row) => /[12]/.test(row['state'] ?? '') && Number(row['priority']) <= 2,
    ],
    ['state=1^NQpriority=5', (row) => row['state'] === '1' || row['priority'] === '5'],
    [
      'numberLIKE001^priority>3',
      ({ number, priority }) => number?.includes('001') === true && Number(priority) > 3,
    ],
    ['numberENDSWITH1', ({ number }) => number?.endsWith('1') === true],
    ['no_such_column=1', () => true],
    ['numberISEMPTY', () => false],
  ];
  for (const [text, fits] of filters) {
    it(`filters: ${text}`, async () => {
      const all = (await ask(numbered)).rows;
      const found = (await ask(numbered + query(text))).rows;
      assert.deepEqual(found, all.filter(fits));
    });
  }

  it('sorts, by several columns and downwards', async () => {
    const { rows } = await ask(numbered + query('ORDERBYstate^ORDERBYDESCnumber'));
    const keys = rows.map(({ state, number }) => `${state} ${9e6 - Number(number?.slice(3))}`);
    assert.deepEqual(keys, keys.toSorted());
    assert.ok(new Set(rows.map(({ state }) => state)).size > 1);
  });

  it('pages with links, the one before the first included', async () => {
    const page = `${incidents}?sysparm_fields=number&sysparm_limit=20&sysparm_offset=`;
    const { headers } = await ask(`${page}10`);
    const links = [...(headers.get('link') ?? '').matchAll(/<([^>]+)>;rel="(\w+)"/g)];
    const offsets = links.map(([, to, rel]) => [
      rel,
      new URL(to ?? '').searchParams.get('sysparm_offset'),
    ]);
    assert.deepEqual(offsets, [
      ['first', '0'],
      ['prev', '-10'],
      ['next', '30'],
      ['last', '40'],
    ]);
    const seen = new Set<string>();
    for (let next: string | undefined = `${rig.address.url}${page}0`; next !== undefined;) {
      const { rows, headers: fields } = await ask(next.slice(rig.address.url.length));
      for (const row of rows) seen.add(row['number'] ?? '');
      next = /<([^>]+)>;rel="next"/.exec(fields.get('link') ?? '')?.[1];
    }
    assert.equal(seen.size, 50);
  });

  it('counts and links only where it may', async () => {
    const { headers } = await ask(
      `${incidents}?sysparm_no_count=true&sysparm_suppress_pagination_header=true`,
    );
    assert.deepEqual([headers.get('x-total-count'), headers.get('link')], [null, null]);
  });

  it('shows columns through references, as people read them, or both', async () => {
    const one = 'sysparm_limit=1&sysparm_fields=state,assignment_group,assignment_group.name,x';
    const [plain] = (await ask(`${incidents}?${one}&sysparm_exclude_reference_link=true`)).rows;
    assert.match(plain?.['assignment_group'] ?? '', /^[0-9a-f]{32}$/);
    assert.equal(plain?.['x'], undefined);
    const [shown] = (await ask(`${incidents}?${one}&sysparm_display_value=true`)).rows;
    const group = shown?.['assignment_group'] as unknown as { display_value: string };
    assert.equal(group.display_value, plain?.['assignment_group.name']);
    const [both] = (await ask(`${incidents}?${one}&sysparm_display_value=all`)).rows;
    const state = both?.['state'] as unknown as { display_value: string; value: string };
    assert.deepEqual(state, { display_value: shown?.['state'], value: plain?.['state'] });
  });

  it('finds a record by its id, or says in the platform’s words that there is none', async () => {
    const [first] = (await ask(`${incidents}?sysparm_limit=1`)).rows;
    const { json } = await ask(`${incidents}/${first?.['sys_id']}?sysparm_fields=number`);
    assert.deepEqual(json, { result: { number: first?.['number'] } });
    const none = await ask(`${incidents}/${'0'.repeat(32)}`);
    assert.equal(none.status, 404);
    assert.equal(none.json.error?.message, 'No Record found');
    assert.equal(none.json.status, 'failure');
  });

  it('answers 404 where nothing is found in its first version only', async () => {
    const nothing = `table/incident?${query('number=none')}`;
    assert.equal((await ask(`/api/now/v1/${nothing}`)).status, 404);
    for (const version of ['', 'v2/']) {
      const { status, rows } = await ask(`/api/now/${version}${nothing}`);
      assert.deepEqual([status, rows], [200, []]);
    }
  });

  it('inserts, changes and removes', async () => {
    const body = JSON.stringify({ short_description: 'New', priority: 2, nonsense: 'x' });
    const made = await ask('/api/now/table/sc_task', { method: 'POST', headers: JSON_TYPE, body });
    assert.equal(made.status, 201);
    const { result } = made.json as { result: Record<string, string> };
    assert.match(result['number'] ?? '', /^SCTASK/);
    assert.deepEqual([result['priority'], result['nonsense']], ['2', undefined]);
    const path = (made.headers.get('location') ?? '').slice(rig.address.url.length);
    assert.equal(path, `/api/now/table/sc_task/${result['sys_id']}`);
    const change = { method: 'PATCH', headers: JSON_TYPE, body: '{"state":"3","sys_id":"1"}' };
    const changed = (await ask(path, change)).json as { result: Record<string, string> };
    assert.deepEqual([changed.result['state'], changed.result['sys_id']], ['3', result['sys_id']]);
    const overridden = {
      ...JSON_TYPE,
      'x-http-method-override': 'PATCH',
      'x-no-response-body': 'true',
    };
    const silent = await ask(path, { method: 'POST', headers: overridden, body: '{"state":"4"}' });
    assert.deepEqual([silent.status, silent.text], [200, '']);
    const { json } = await ask(`${path.replace('sc_task', 'task')}?sysparm_fields=state`);
    assert.deepEqual(json.result, { state: '4' });
    const removed = await ask(path, { method: 'DELETE' });
    assert.deepEqual([removed.status, removed.text], [204, '']);
    assert.equal((await ask(path)).status, 404);
    assert.equal(rig.instance.report.writes, 4);
  });

  it('refuses what makes no sense', async () => {
    const refused: readonly (readonly [string, RequestInit, number])[] = [
      ['/api/now/table/nonsense', {}, 400],
      ['/api/now/nonsense', {}, 400],
      [incidents, { method: 'DELETE' }, 405],
      [incidents, { headers: { accept: 'text/html' } }, 406],
      [incidents, { method: 'POST', body: 'x' }, 415],
      [incidents, { method: 'POST', headers: JSON_TYPE, body: '[]' }, 400],
      [`${incidents}?x-sim-nonsense=1`, {}, 400],
      [`${incidents}?x-sim-odds=7`, {}, 400],
    ];
    for (const [path, options, status] of refused) {
      const answer = await ask(path, options);
      assert.equal(answer.status, status, path);
      assert.equal(answer.json.status, 'failure', path);
    }
    const head = await ask(incidents, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('x-total-count')], [200, '50']);
  });
});
