/** No element, no declaration. */
export const NONE = -1;

/** Columns of an element. Its attributes and namespace declarations follow it, then its children. */
export const START = 0;
export const TAG_END = 1;
export const CONTENT_END = 2;
export const END = 3;
export const NAME = 4;
export const NAMESPACE = 5;
export const PARENT = 6;
/** The innermost namespace declaration in scope, or NONE. */
export const SCOPE = 7;
/** The index behind its attributes and declarations. */
export const CHILDREN = 8;
/** The index behind everything inside the element. */
export const BEHIND = 9;
export const ELEMENT_WIDTH = 10;

/** Columns of an attribute and of a declaration; what it is, the role of its name tells. The first two are the same in both. */
export const ATTRIBUTE_NAME = 0;
export const ATTRIBUTE_NAMESPACE = 1;
/** Of an attribute alone. */
export const VALUE_START = 2;
export const VALUE_END = 3;
/** Of a declaration alone: the declaration in scope before this one, or NONE; the binding of the same prefix before. */
export const OUTER = 2;
export const SHADOWED = 3;
export const ATTRIBUTE_WIDTH = 4;

/**
 * The elements of one document, with their attributes and namespace declarations, as rows of numbers in document order: names
 * as words of the Lexicon, everything else as offsets into the bytes or indices into the tape. An element, an attribute and
 * a declaration are the index of their row's first cell.
 */
export class Tape {
  readonly #cells: Int32Array;
  readonly root: number;

  /** Of the cells that others write on, too, but not from `root` to where this document ends. */
  constructor(cells: Int32Array, root: number) {
    this.#cells = cells;
    this.root = root;
  }

  /** What stands in that column of a row. */
  at(row: number, column: number): number {
    return this.#cells[row + column] ?? NONE;
  }
}
