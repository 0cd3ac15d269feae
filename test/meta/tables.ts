/** A row of a table whose first column is an id: cells by the heading of their column. */
export type Row = Readonly<Record<string, string>>;

/** The rows of all such tables of a document. */
export function rowsOf(markdown: string): readonly Row[] {
  const rows: Row[] = [];
  let headings: readonly string[] = [];
  for (const line of markdown.split('\n')) {
    const cells = /^\|.*\|$/.test(line) ? line.slice(1, -1).split('|').map((cell) => cell.trim()) : []; // prettier-ignore
    if (cells.length === 0) headings = [];
    else if (headings.length === 0) headings = cells;
    else if (headings[0] === 'id' && !/^-+$/.test(cells[0] ?? '')) {
      rows.push(Object.fromEntries(headings.map((heading, index) => [heading, cells[index] ?? ''])));
    }
  }
  return rows;
}
