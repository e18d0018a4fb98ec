import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bearerForm, digestOf, fieldsOf } from './credential-settings.ts';
import type { CredentialSettings } from './credential-settings.ts';
import { counting, CredentialsRig, oauthSettings, settle } from './credentials.fixture.ts';
import { expiryOf } from './jwt-claims.ts';
import { RenewalTally } from './renewal-tally.ts';
import { TokenForm } from './token-form.ts';

const HOUR = 3_600_000;

describe('the form of tokens', () => {
  it('is told once as long as it is the wrong one, where only one is taken', () => {
    const form = new TokenForm(true);
    const told = ['00Dxx!AQ.a', '00Dxx!AQ.b', 'a.b.c', 'opaque'].map((token) => [
      form.issued(token),
      form.advice === '',
    ]);
    assert.deepEqual(told, [
      ['opaque-token', false],
      [undefined, false],
      [undefined, true],
      ['opaque-token', false],
    ]);
    const any = new TokenForm(false);
    assert.deepEqual([any.issued('opaque'), any.advice], [undefined, '']);
  });
});

describe('the end that a token tells', () => {
  const token = (claims: unknown): string =>
    `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;

  it('is read in seconds, or in milliseconds where the number is that large', () => {
    assert.equal(expiryOf(token({ exp: 1_700_000_000 })), 1_700_000_000_000);
    assert.equal(expiryOf(token({ exp: 1_700_000_000.5 })), 1_700_000_000_500);
    assert.equal(expiryOf(token({ exp: 1_700_000_000_000 })), 1_700_000_000_000);
  });

  it('is nothing in any other text, however strange', () => {
    const odd = [{ exp: '1' }, { exp: -1 }, { exp: null }, [], null, 7, { exp: [1] }];
    for (const claims of odd) assert.equal(expiryOf(token(claims)), undefined);
    assert.equal(expiryOf(`a.${'x'.repeat(70_000)}.b`), undefined);
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (a, b, c) => {
        const end = expiryOf(`${a}.${b}.${c}`);
        assert.ok(end === undefined || (Number.isFinite(end) && end > 0));
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (claims) => {
        const end = expiryOf(token(claims));
        assert.ok(end === undefined || Number.isFinite(end));
      }),
    );
  });
});

describe('the tally of renewals', () => {
  it('warns of more than ten within an hour, once an hour', () => {
    const tally = new RenewalTally(10, 3);
    const warned: number[] = [];
    for (let minute = 0; minute < 120; minute += 1) {
      if (tally.renewed(minute * 60_000) !== undefined) warned.push(minute);
    }
    assert.deepEqual(warned, [10, 70]);
    assert.equal(tally.refreshes, 120);
  });

  it('keeps quiet at ten an hour', () => {
    const tally = new RenewalTally(10, 3);
    for (let at = 0; at < 50 * HOUR; at += HOUR / 10) assert.equal(tally.renewed(at), undefined);
  });

  it('warns at the third failure in a row, and not at the fourth', () => {
    const tally = new RenewalTally(10, 3);
    const warnings = [1, 2, 3, 4, 1, 2, 3].map((inARow) => tally.failed(inARow));
    const many = 'many-failures';
    assert.deepEqual(warnings, [undefined, undefined, many, undefined, undefined, undefined, many]);
  });
});

describe('a clock that differs', () => {
  it('is reported, with one warning for as long as it lasts', async () => {
    const rig = new CredentialsRig({});
    const date = (aheadMs: number): Record<string, string> => ({
      date: new Date(rig.clock.wallNow() + aheadMs).toUTCString(),
    });
    rig.endpoint.onAsk = (ask) =>
      ask.answer(200, { access_token: 'a', expires_in: 600 }, date(60_000));
    rig.send();
    await settle();
    rig.clock.advance(600_000);
    rig.send();
    await settle();
    const warned = rig.said.filter((said) => said === 'warned up clock-skew');
    assert.equal(warned.length, 1);
    assert.ok(rig.said.some((said) => /^skew up 6[0-9]{4}$/.test(said)));
    assert.ok(rig.view.skewMs > 59_000);
  });

  it('is not mentioned where it is right', async () => {
    const rig = new CredentialsRig({});
    rig.endpoint.onAsk = counting(600);
    rig.send();
    await settle();
    assert.deepEqual(rig.said, ['refreshed up 0 600000']);
  });
});

describe('settings of credentials', () => {
  it('are the same whatever their order, and differ by every value', () => {
    const shuffled = Object.fromEntries(Object.entries(oauthSettings).toReversed());
    assert.equal(digestOf(shuffled as CredentialSettings), digestOf(oauthSettings));
    const other = { ...oauthSettings, ttlMs: 1 } as CredentialSettings;
    assert.notEqual(digestOf(other), digestOf(oauthSettings));
  });

  it('put a secret into its field with or without a word in front', () => {
    assert.deepEqual(fieldsOf(bearerForm, 'x'), [['authorization', 'Bearer x']]);
    const bare = { header: 'x-sn-apikey', scheme: '', extra: [['a', 'b']] } as const;
    assert.deepEqual(fieldsOf(bare, 'x'), [
      ['x-sn-apikey', 'x'],
      ['a', 'b'],
    ]);
  });
});
