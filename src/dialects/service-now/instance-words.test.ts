import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { WORDS_CHARS_MAX, instanceWords } from './instance-words.ts';

const CANCELLED = 'Transaction cancelled: maximum execution time exceeded';

describe('the words of an instance', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['No Record found', '', 'No Record found'],
    ['', 'Only a detail', 'Only a detail'],
    ['', '', ''],
    ['Odd', 'no more', 'Odd - no more'],
    [CANCELLED, CANCELLED, CANCELLED],
    [CANCELLED, `${CANCELLED} Check logs`, `${CANCELLED} Check logs`],
    [`${CANCELLED} here`, CANCELLED, `${CANCELLED} here`],
    ['Two\n lines\u0000\tand more ', '', 'Two lines and more'],
    ['Maximale Ausführungszeit überschritten', '', 'Maximale Ausführungszeit überschritten'],
  ];
  for (const [message, detail, shown] of rows) {
    it(`are kept: ${JSON.stringify([message, detail])}`, () => {
      assert.equal(instanceWords(message, detail), shown);
    });
  }

  const secret = 'eyJhbGciOi1XyZ.aB3dE5fG7hJ9kL1mN3pQ5rS7';
  const forms: readonly (readonly [string, string])[] = [
    [`Bad header Authorization: Bearer ${secret}`, 'Bad header Authorization: Bearer ...'],
    ['Bad header Authorization: Basic aDpw', 'Bad header Authorization: Basic ...'],
    ['Refused: password=hunter2, try again', 'Refused: password=..., try again'],
    ['{"client_secret": "hunter2", "a": 1}', '{"client_secret": ...", "a": 1}'],
    ['x-sn-apikey: hunter2 is unknown', 'x-sn-apikey: ... is unknown'],
    ['access_token=hunter2&state=1', 'access_token=...&state=1'],
    [`Token ${secret} is over`, 'Token ... is over'],
    ['No record 9f1b2c3d4e5f60718293a4b5c6d7e8f9 here', 'No record ... here'],
    ['In sysparm_query=nameLIKEhunter^a=1 of it', 'In sysparm_query=... of it'],
    ['User eve.smith@acme.example is locked', 'User ... is locked'],
  ];
  for (const [message, shown] of forms) {
    it(`give nothing away: ${message}`, () => {
      assert.equal(instanceWords(message, ''), shown);
      assert.equal(instanceWords('', message), shown);
    });
  }

  it('leave a token out wherever it stands, and have an end', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const words = instanceWords(`${before} ${secret} ${after}`, `${after} Bearer ${secret}`);
        assert.ok(!words.includes(secret.slice(15)), words);
        assert.ok(words.length <= WORDS_CHARS_MAX);
        assert.doesNotMatch(words, /[\p{Cc}]/u);
      }),
    );
  });
});
