// Rows of values as columns of text.

/** A cell: numbers stand to the right. */
export type Cell = string | number;

/** The table with a line of titles. Every row has a cell for each title. */
export function textTable(titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const all = [titles, ...rows.map((row) => row.map(String))];
  const widths = titles.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  const isNumber = titles.map((_, at) => rows.every((row) => typeof row[at] === 'number'));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return isNumber[at] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return all.map((row) => `  ${line(row)}\n`).join('');
}
