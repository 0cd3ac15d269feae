/** What stands behind the document: zeros, which no document has, so that whoever looks a few bytes ahead need not ask where it ends. */
const PADDING = 8;
const FIRST_BYTES = 64 * 1024;
/** What has grown beyond this by a large document is not kept. */
const MAX_KEPT_BYTES = 1024 * 1024;
/** As many cells as some fifty short documents need. */
const TAPE_CELLS = 8192;
/** More than most documents need; whose markup is denser gets more when it is short of them. */
const CELLS_PER_BYTE = 0.25;

/**
 * Where a document lies while it is read, and what it is recorded on. Made once: to make these anew for a short document would
 * cost as much as to read it.
 */
export class Desk {
  bytes!: Buffer;
  /** The same bytes, to be read four at a time: from anywhere, and from where a number of four bytes may begin. */
  view!: DataView;
  fours!: Int32Array;
  /** Several documents are written on the same cells, one behind the other. Each goes on using its own when it has been read. */
  cells = blank(TAPE_CELLS);
  /** The first cell that is free. */
  top = 0;

  constructor() {
    this.#makeRoom(FIRST_BYTES);
  }

  /** Copies the document here, and sees to it that there are as many cells as it will probably need. */
  lay(document: Uint8Array): void {
    const { length } = document;
    if (length + PADDING > this.bytes.length) this.#makeRoom(Math.max(length + PADDING, this.bytes.length * 2));
    this.bytes.set(document);
    this.view.setFloat64(length, 0);
    const cells = Math.ceil(length * CELLS_PER_BYTE);
    if (this.top + cells <= this.cells.length) return;
    this.cells = blank(Math.max(cells, TAPE_CELLS));
    this.top = 0;
  }

  /** More cells, with what this document has written so far in the same places. */
  extend(): Int32Array {
    const longer = blank(this.cells.length * 2);
    longer.set(this.cells.subarray(this.top), this.top);
    this.cells = longer;
    return longer;
  }

  /** Gives up what a large document has made of it. */
  clear(): void {
    if (this.bytes.length > MAX_KEPT_BYTES) this.#makeRoom(FIRST_BYTES);
    if (this.cells.length === TAPE_CELLS) return;
    this.cells = blank(TAPE_CELLS);
    this.top = 0;
  }

  #makeRoom(least: number): void {
    const room = new ArrayBuffer(Math.ceil(least / 8) * 8);
    this.bytes = Buffer.from(room);
    this.view = new DataView(room);
    this.fours = new Int32Array(room);
  }
}

/** Cells with anything in them: no cell is read before it was written, and to fill them with zeros takes longer than to write on them. */
function blank(cells: number): Int32Array<ArrayBuffer> {
  return new Int32Array(Buffer.allocUnsafeSlow(cells * 4).buffer);
}
