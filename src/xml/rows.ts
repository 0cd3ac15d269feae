const FIRST_ROWS = 64;

/** Rows of small integers in one array, which grows as needed. */
export class Rows {
  readonly width: number;
  /** Beyond `count` rows it has what another document has left there: a row is written before it is read. */
  cells: number[];
  count = 0;

  constructor(width: number, cells: number[] = new Array<number>(width * FIRST_ROWS).fill(0)) {
    this.width = width;
    this.cells = cells;
  }

  /** Makes room for one more row. Returns the index of its first cell. */
  add(): number {
    const cell = this.count * this.width;
    this.count++;
    if (cell + this.width > this.cells.length) for (let more = this.cells.length; more > 0; more--) this.cells.push(0);
    return cell;
  }

  /** These rows alone, in an array of their own. */
  copy(): Rows {
    const copy = new Rows(this.width, this.cells.slice(0, this.count * this.width));
    copy.count = this.count;
    return copy;
  }
}
