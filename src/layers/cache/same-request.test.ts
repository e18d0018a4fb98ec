import { equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../../core/header-list.ts';
import { testCall } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { isSameRequest, placeOf } from './same-request.ts';

const caller = (name: string) => ({ name, tenant: 't', priority: 'default' }) as const;
const one: TestCallOptions = { caller: caller('a'), fingerprint: 'f', headers: { accept: '*/*' } };
const isSame = (other: TestCallOptions): boolean =>
  isSameRequest(testCall(one), testCall({ ...one, ...other }));

describe('the same request', () => {
  it('comes from the same caller with the same credentials to the same path', () => {
    equal(isSame({}), true);
    equal(isSame({ caller: caller('b') }), false);
    equal(isSame({ fingerprint: 'g' }), false);
    equal(isSame({ path: '/v1/messages?x' }), false);
    equal(isSame({ method: 'PUT' }), false);
  });

  it('has the same fields, whatever the case of their names', () => {
    equal(isSame({ headers: { Accept: '*/*' } }), true);
    equal(isSame({ headers: { accept: '*' } }), false);
    equal(isSame({ headers: { accept: '*/*', more: '1' } }), false);
    equal(isSame({ headers: { more: '1', accept: '*/*' } }), false);
    equal(isSame({ headers: {} }), false);
  });

  it('may differ in fields of the connection and of the try', () => {
    const headers = { connection: 'close', traceparent: '00-1', accept: '*/*', date: 'today' };
    equal(isSame({ headers }), true);
  });

  it('has each field as often as the other one', () => {
    const twice = HeaderList.of([
      ['accept', '*/*'],
      ['accept', '*/*'],
    ]);
    equal(isSame({ headers: twice }), false);
  });
});

describe('the place of twins', () => {
  it('is one for each route, caller, credential and session', () => {
    const places = [
      placeOf(testCall(one), 's'),
      placeOf(testCall(one), 't'),
      placeOf(testCall({ ...one, caller: caller('b') }), 's'),
      placeOf(testCall({ ...one, fingerprint: 'g' }), 's'),
      placeOf(testCall({ ...one, route: { name: 'r' } }), 's'),
    ];
    equal(new Set(places).size, places.length);
    equal(placeOf(testCall(one), 's'), places[0]);
  });

  it('can not be had by a name that looks like two', () => {
    const place = (route: string, name: string, session: string): string =>
      placeOf(testCall({ route: { name: route }, caller: caller(name), fingerprint: '' }), session);
    equal(place('a', 'bc', 's') === place('ab', 'c', 's'), false);
    equal(place('a', 'b', '1:c s') === place('a', 'b1:c', 's'), false);
  });
});
