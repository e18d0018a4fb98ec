import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { testCall } from '../../testing/test-call.ts';
import { plainDialect } from '../plain.ts';
import { encodedQueryShape } from './encoded-query-shape.ts';
import { SHAPE_CHARS_MAX, queryShape } from './query-shape.ts';
import { serviceNowDialect } from './service-now.ts';
import { SLOW_QUERY_MS, slowQuery } from './slow-query.ts';

const GROUP = '9f1b2c3d4e5f60718293a4b5c6d7e8f9';

describe('the shape of an encoded query', () => {
  const rows: readonly (readonly [string, string])[] = [
    [
      `assignment_group=${GROUP}^active=true^stateNOT IN6,7,8^ORDERBYsys_created_on^ORDERBYsys_id`,
      'assignment_group=?^active=?^stateNOT IN?^ORDERBYsys_created_on^ORDERBYsys_id',
    ],
    ['state=1^ORstate=2^NQpriority<=2', 'state=?^ORstate=?^NQpriority<=?'],
    ['caller_id.nameLIKEEve Smith', 'caller_id.nameLIKE?'],
    ['numberSTARTSWITHINC001^ORDERBYDESCnumber', 'numberSTARTSWITH?^ORDERBYDESCnumber'],
    ['closed_atISEMPTY^opened_atISNOTEMPTY', 'closed_atISEMPTY^opened_atISNOTEMPTY'],
    ['sys_created_on>javascript:gs.daysAgo(30)', 'sys_created_on>?'],
    ['numberININC1,INC2^state!=3', 'numberIN?^state!=?'],
    ['short_descriptionNOT LIKEa^^b=secret', 'short_descriptionNOT LIKE?'],
    ['state=6^EQ', 'state=?^EQ'],
    ['Eve Smith', '?'],
    ['ORDERBYEve Smith', '?'],
    ['state', '?'],
    ['', ''],
  ];
  for (const [query, shape] of rows) {
    it(`shows no value: ${query}`, () => assert.equal(encodedQueryShape(query), shape));
  }

  it('shows no value, whatever it is', () => {
    const operator = fc.constantFrom('=', '!=', 'LIKE', 'IN', 'STARTSWITH', '>', '<=', 'NOT IN');
    // A caret begins a condition; inside values it is doubled.
    const value = fc.string({ unit: 'binary', maxLength: 30 }).map((text) => `Q${text}`);
    const condition = fc.tuple(fc.constantFrom('state', 'caller_id.name'), operator, value);
    fc.assert(
      fc.property(fc.array(condition, { minLength: 1, maxLength: 5 }), (conditions) => {
        const query = conditions
          .map(([field, how, text]) => `${field}${how}${text.replaceAll('^', '^^')}`)
          .join('^');
        const known = conditions.map(([field, how]) => `${field}${how}?`);
        const shape = encodedQueryShape(query);
        // A caret at the end of a value cannot be told from the one that follows it.
        if (!conditions.some(([, , text]) => text.endsWith('^'))) {
          assert.equal(shape, known.join('^'));
        }
        assert.ok(!shape.includes('Q'), shape);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is bounded', () => {
    const many = Array.from({ length: 500 }, () => 'state=1').join('^OR');
    assert.ok(encodedQueryShape(many).endsWith('^...'));
    assert.ok(encodedQueryShape(many).length < 1_000);
  });
});

const good =
  'sysparm_query=active%3Dtrue%5EORDERBYsys_id&sysparm_fields=number,state' +
  '&sysparm_limit=200&sysparm_exclude_reference_link=true';

describe('the shape of a request', () => {
  it('shows settings and hides data', () => {
    const path = `/api/now/v2/table/incident?${good}&number=INC1&Eve=1&sysparm_limit=x'y`;
    assert.equal(
      queryShape(path)?.text,
      'incident?sysparm_query=active=?^ORDERBYsys_id&sysparm_fields=number,state' +
        '&sysparm_limit=200&sysparm_exclude_reference_link=true&number=?&?=?&sysparm_limit=?',
    );
  });

  it('knows records and does not show which', () => {
    const shape = queryShape(`/servicenow/api/now/table/incident/${GROUP}?sysparm_fields=number`);
    assert.equal(shape?.text, 'incident/??sysparm_fields=number');
    assert.equal(shape.isRecord, true);
    assert.deepEqual(shape.missing, ['links']);
  });

  it('is that of the Table API only', () => {
    for (const path of ['/api/now/attachment/1/file', '/oauth_token.do', '/api/now/table', '/']) {
      assert.equal(queryShape(path), undefined, path);
    }
    assert.equal(queryShape('/api/now/table/incident/')?.isRecord, false);
  });

  it('survives broken encodings and has an end', () => {
    assert.equal(queryShape('/api/now/table/incident?sysparm_query=%zz=%')?.table, 'incident');
    const long = queryShape(`/api/now/table/incident?${'abc=1&'.repeat(1_000)}`)?.text ?? '';
    assert.equal(long.length, SHAPE_CHARS_MAX);
    assert.ok(long.endsWith('...'));
  });

  const missing = (query: string): readonly string[] =>
    queryShape(`/api/now/table/incident?${query}`)?.missing ?? [];

  it('tells what is missing', () => {
    assert.deepEqual(missing(good), []);
    assert.deepEqual(missing(''), ['limit', 'fields', 'order', 'links']);
    assert.deepEqual(missing(good.replace('=200', '=10000')), ['limit']);
    assert.deepEqual(missing(good.replace('ORDERBYsys_id', 'ORDERBYstate')), ['order']);
    assert.deepEqual(missing(good.replace('ORDERBYsys_id', 'ORDERBYDESCnumber')), []);
    assert.deepEqual(missing(good.replace('link=true', 'link=false')), ['links']);
    assert.deepEqual(missing(`${good}&sysparm_display_value=all`), ['display']);
  });

  it('asks for no order where there is one row, and for nothing in writes', () => {
    const one = 'sysparm_limit=1&sysparm_fields=number&sysparm_exclude_reference_link=true';
    assert.deepEqual(missing(one), []);
    assert.deepEqual(missing(`${one}&sysparm_offset=1`), ['order']);
    assert.deepEqual(queryShape('/api/now/table/incident', 'POST')?.missing, []);
  });
});

describe('a slow query', () => {
  const call = (tookMs: number, dialect = serviceNowDialect) => {
    const made = testCall({
      method: 'GET',
      path: `/api/now/table/incident?sysparm_query=caller_id=${GROUP}&sysparm_fields=number`,
      route: { dialect, upstream: 'snow', name: 'tickets' },
    });
    Object.assign(made.timeline, { firstWriteAt: 500, endedAt: 500 + tookMs });
    return made;
  };

  it('is told from its tenth second on, with what to change', () => {
    assert.equal(slowQuery(call(SLOW_QUERY_MS - 1)), undefined);
    const told = slowQuery(call(SLOW_QUERY_MS));
    assert.equal(told?.query, 'GET incident?sysparm_query=caller_id=?&sysparm_fields=number');
    assert.equal(told.tookMs, SLOW_QUERY_MS);
    assert.deepEqual([told.upstream, told.route], ['snow', 'tickets']);
    assert.deepEqual(
      told.advice.map((sentence) => sentence.split(' ')[1]),
      ['sysparm_limit', 'sysparm_query', 'sysparm_exclude_reference_link=true:'],
    );
  });

  it('is nobody else’s, and none that never went out', () => {
    assert.equal(slowQuery(call(60_000, plainDialect)), undefined);
    const queued = call(60_000);
    queued.timeline.firstWriteAt = -1;
    assert.equal(slowQuery(queued), undefined);
  });
});
