import type { Desk } from './desk.ts';
import {
  ATTRIBUTE_NAME,
  ATTRIBUTE_NAMESPACE,
  ATTRIBUTE_WIDTH,
  BEHIND,
  CHILDREN,
  CONTENT_END,
  ELEMENT_WIDTH,
  END,
  NAME,
  NAMESPACE,
  NONE,
  PARENT,
  SCOPE,
  START,
  TAG_END,
  Tape,
  VALUE_END,
  VALUE_START,
} from './tape.ts';

/**
 * Writes the tape of one document onto a desk. What comes as an argument is stored as `x | 0`: it is an integer of 32 bits anyway,
 * but only so V8 knows, and makes no detour through floating point.
 */
export class Recorder {
  readonly #desk: Desk;
  readonly #root: number;
  #cells: Int32Array;
  /** The first free cell. */
  #top: number;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#root = desk.top;
    this.#cells = desk.cells;
    this.#top = desk.top;
  }

  /** The index of the next row. */
  get top(): number {
    return this.#top;
  }

  /** What was written. The next document is written behind it. */
  finish(): Tape {
    this.#desk.top = this.#top;
    return new Tape(this.#cells, this.#root);
  }

  /** Begins an element. Its attributes and declarations come next. */
  open(start: number, name: number, parent: number): number {
    const element = this.#top;
    this.#top = element + ELEMENT_WIDTH;
    if (this.#top > this.#cells.length) this.#cells = this.#desk.extend();
    const cells = this.#cells;
    cells[element + START] = start | 0;
    cells[element + NAME] = name | 0;
    cells[element + PARENT] = parent | 0;
    return element;
  }

  /** Notes where the start tag of the element that was opened last ends, its namespace, and the innermost declaration in scope. */
  closeStartTag(element: number, tagEnd: number, namespace: number, scope: number): void {
    const cells = this.#cells;
    cells[element + TAG_END] = tagEnd | 0;
    cells[element + NAMESPACE] = namespace | 0;
    cells[element + SCOPE] = scope | 0;
    cells[element + CHILDREN] = this.#top | 0;
  }

  /** Notes where the content ends (at the end tag) and where the element does. */
  close(element: number, contentEnd: number, end: number): void {
    const cells = this.#cells;
    cells[element + CONTENT_END] = contentEnd | 0;
    cells[element + END] = end | 0;
    cells[element + BEHIND] = this.#top | 0;
  }

  /** Adds an attribute to the element that was opened last; or a declaration, of which the last two are OUTER and SHADOWED. */
  addAttribute(name: number, namespace: number, valueStart: number, valueEnd: number): number {
    const attribute = this.#top;
    this.#top = attribute + ATTRIBUTE_WIDTH;
    if (this.#top > this.#cells.length) this.#cells = this.#desk.extend();
    const cells = this.#cells;
    cells[attribute + ATTRIBUTE_NAME] = name | 0;
    cells[attribute + ATTRIBUTE_NAMESPACE] = namespace | 0;
    cells[attribute + VALUE_START] = valueStart | 0;
    cells[attribute + VALUE_END] = valueEnd | 0;
    return attribute;
  }

  /** What stands in that column of a row. */
  at(row: number, column: number): number {
    return this.#cells[row + column] ?? NONE;
  }

  /** Notes the namespace of an attribute, which is known only when the whole start tag is. */
  setNamespace(attribute: number, namespace: number): void {
    this.#cells[attribute + ATTRIBUTE_NAMESPACE] = namespace | 0;
  }
}
