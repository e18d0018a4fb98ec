// The Date field of answers that came without one: whoever forwards an answer says when it came
// (RFC 9110 6.6.1).

let secondShown = -1;
let line = '';

/** The whole field line; worked out once a second. `wallNow` in epoch ms. */
export function dateLine(wallNow: number): string {
  const second = Math.floor(wallNow / 1_000);
  if (second !== secondShown) {
    secondShown = second;
    line = `Date: ${new Date(second * 1_000).toUTCString()}\r\n`;
  }
  return line;
}
