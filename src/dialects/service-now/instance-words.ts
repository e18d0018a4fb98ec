// What an instance says of a failure, fit for a log line: one line, bounded, and without anything
// that could open a door or tell of a person. Now and then its messages repeat parts of a request:
// headers, queries, ids.
// Where it cannot tell, it says less: a long path goes the way of a token.

/** More than any sentence of the platform; what is longer is cut. */
export const WORDS_CHARS_MAX = 300;

/** What stands in front of a secret, in a form, a header or JSON. */
const NAMES = 'password|passwd|pwd|secret|token|api[-_]?key|sn-apikey';

/** Each with what is put in its place. */
const secrets: readonly (readonly [RegExp, string])[] = [
  // Credentials as they stand in a header.
  [/\b(bearer|basic|digest)\s+[^\s,;"']+/gi, '$1 ...'],
  [new RegExp(`\\b(\\w*(?:${NAMES})["']?\\s*[:=]\\s*)"?[^\\s,;&"']+`, 'gi'), '$1...'],
  // A query names people and values; see encoded-query-shape.ts.
  [/\b(sysparm_\w+=)[^\s&"']*/gi, '$1...'],
  [/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, '...'],
  // Tokens and ids of records: long, and with a digit among their letters.
  [/(?=[\w+/=~.-]*\d)(?=[\w+/=~.-]*[a-z])[\w+/=~-][\w+/=~.-]{23,}/gi, '...'],
];

/** The two parts of a failure as one text; '' when there is nothing in them. */
export function instanceWords(message: string, detail: string): string {
  const [short, long] = [clean(message), clean(detail)];
  // The detail often begins with the message.
  const all = [short, long].filter((text) => text !== '');
  const whole = long.includes(short) ? long : short.includes(long) ? short : all.join(' - ');
  return whole.length > WORDS_CHARS_MAX ? `${whole.slice(0, WORDS_CHARS_MAX - 3)}...` : whole;
}

function clean(text: string): string {
  let shown = text.replaceAll(/[\p{C}\s]+/gu, ' ').trim();
  for (const [pattern, instead] of secrets) shown = shown.replaceAll(pattern, instead);
  return shown;
}
