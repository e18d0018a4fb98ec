// Finds the name a person probably meant. Pure; counts single-letter edits and swapped neighbours.

/** The closest of `names` to `typed`, or `undefined` when none is close enough to suggest. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  // A third of the letters may be wrong, but at least two: beyond that it is another word.
  let bestEdits = Math.max(2, Math.floor(typed.length / 3)) + 1;
  for (const name of names) {
    const edits = editsBetween(typed.toLowerCase(), name.toLowerCase());
    if (edits < bestEdits) {
      best = name;
      bestEdits = edits;
    }
  }
  return best;
}

/** Optimal string alignment distance, three rows at a time. */
function editsBetween(from: string, to: string): number {
  let older: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let edits = Math.min(
        cell(above, column) + 1,
        cell(current, column - 1) + 1,
        cell(above, column - 1) + (same ? 0 : 1),
      );
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && swapped) edits = Math.min(edits, cell(older, column - 2) + 1);
      current.push(edits);
    }
    older = above;
    above = current;
  }
  return cell(above, to.length);
}

function cell(row: readonly number[], at: number): number {
  return row[at] ?? Number.POSITIVE_INFINITY;
}
