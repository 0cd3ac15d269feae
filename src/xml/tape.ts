import { Rows } from './rows.ts';

/** No element, no declaration. */
export const NONE = -1;

/** Columns of an element. */
const START = 0;
const TAG_END = 1;
const CONTENT_END = 2;
const END = 3;
const WORD = 4;
const NAMESPACE = 5;
const PARENT = 6;
const NEXT = 7;
const FIRST_CHILD = 8;
const LAST_CHILD = 9;
const ATTRIBUTES = 10;
const SCOPE = 11;
const ELEMENT_WIDTH = 12;

/** Columns of an attribute. */
const VALUE_START = 2;
const VALUE_END = 3;
const ATTRIBUTE_WORD = 0;
const ATTRIBUTE_NAMESPACE = 1;
const ATTRIBUTE_WIDTH = 4;

/** Columns of a namespace declaration. */
const PREFIX = 0;
const DECLARED = 1;
const OUTER = 2;
const SHADOWED = 3;
const DECLARATION_WIDTH = 4;

/** What a tape is written on. */
export interface TapeRows {
  readonly elements: Rows;
  readonly attributes: Rows;
  readonly declarations: Rows;
}

export function newTapeRows(): TapeRows {
  return {
    elements: new Rows(ELEMENT_WIDTH),
    attributes: new Rows(ATTRIBUTE_WIDTH),
    declarations: new Rows(DECLARATION_WIDTH),
  };
}

/**
 * The elements, attributes and namespace declarations of one document, as rows of numbers in document order: names as numbers of
 * Words, namespaces as numbers of Namespaces, everything else as offsets into the bytes or indices into the tape.
 */
export class Tape {
  #elements: Rows;
  #attributes: Rows;
  #declarations: Rows;

  /** Writes over what is on the rows. */
  constructor({ elements, attributes, declarations }: TapeRows) {
    for (const rows of [elements, attributes, declarations]) rows.count = 0;
    this.#elements = elements;
    this.#attributes = attributes;
    this.#declarations = declarations;
  }

  /** Lets go of the rows that it was given. Nothing may be added any more. */
  settle(): void {
    this.#elements = this.#elements.copy();
    this.#attributes = this.#attributes.copy();
    this.#declarations = this.#declarations.copy();
  }

  get elementCount(): number {
    return this.#elements.count;
  }

  get attributeCount(): number {
    return this.#attributes.count;
  }

  /** Begins an element. What it owns comes next. Returns its index. */
  open(start: number, word: number, parent: number): number {
    const element = this.#elements.count;
    const cell = this.#elements.add();
    const cells = this.#elements.cells;
    cells[cell + START] = start;
    cells[cell + END] = NONE;
    cells[cell + WORD] = word;
    cells[cell + PARENT] = parent;
    cells[cell + NEXT] = NONE;
    cells[cell + FIRST_CHILD] = NONE;
    cells[cell + LAST_CHILD] = NONE;
    cells[cell + ATTRIBUTES] = this.#attributes.count;
    if (parent === NONE) {
      cells[cell + SCOPE] = NONE;
      return element;
    }
    const outer = parent * ELEMENT_WIDTH;
    cells[cell + SCOPE] = cells[outer + SCOPE] ?? NONE;
    const elder = cells[outer + LAST_CHILD] ?? NONE;
    if (elder === NONE) cells[outer + FIRST_CHILD] = element;
    else cells[elder * ELEMENT_WIDTH + NEXT] = element;
    cells[outer + LAST_CHILD] = element;
    return element;
  }

  /** Notes where the start tag ends and what the element's namespace is. */
  closeStartTag(element: number, tagEnd: number, namespace: number): void {
    const cell = element * ELEMENT_WIDTH;
    this.#elements.cells[cell + TAG_END] = tagEnd;
    this.#elements.cells[cell + NAMESPACE] = namespace;
  }

  /** Notes where the content ends (at the end tag) and where the element does. */
  close(element: number, contentEnd: number, end: number): void {
    const cell = element * ELEMENT_WIDTH;
    this.#elements.cells[cell + CONTENT_END] = contentEnd;
    this.#elements.cells[cell + END] = end;
  }

  /** Adds an attribute to the element that was opened last. */
  addAttribute(word: number, valueStart: number, valueEnd: number): void {
    const cell = this.#attributes.add();
    const cells = this.#attributes.cells;
    cells[cell + ATTRIBUTE_WORD] = word;
    cells[cell + ATTRIBUTE_NAMESPACE] = 0;
    cells[cell + VALUE_START] = valueStart;
    cells[cell + VALUE_END] = valueEnd;
  }

  setAttributeNamespace(attribute: number, namespace: number): void {
    this.#attributes.cells[attribute * ATTRIBUTE_WIDTH + ATTRIBUTE_NAMESPACE] = namespace;
  }

  /** Adds a namespace declaration to the scope of an element. `shadowed`: the binding that it replaces. */
  declare(element: number, prefix: number, namespace: number, shadowed: number): void {
    const declaration = this.#declarations.count;
    const cell = this.#declarations.add();
    const cells = this.#declarations.cells;
    const scope = element * ELEMENT_WIDTH + SCOPE;
    cells[cell + PREFIX] = prefix;
    cells[cell + DECLARED] = namespace;
    cells[cell + OUTER] = this.#elements.cells[scope] ?? NONE;
    cells[cell + SHADOWED] = shadowed;
    this.#elements.cells[scope] = declaration;
  }

  startOf(element: number): number {
    return this.#element(element, START);
  }

  tagEndOf(element: number): number {
    return this.#element(element, TAG_END);
  }

  contentEndOf(element: number): number {
    return this.#element(element, CONTENT_END);
  }

  endOf(element: number): number {
    return this.#element(element, END);
  }

  wordOf(element: number): number {
    return this.#element(element, WORD);
  }

  namespaceOf(element: number): number {
    return this.#element(element, NAMESPACE);
  }

  parentOf(element: number): number {
    return this.#element(element, PARENT);
  }

  nextOf(element: number): number {
    return this.#element(element, NEXT);
  }

  firstChildOf(element: number): number {
    return this.#element(element, FIRST_CHILD);
  }

  /** The first attribute of the element. */
  attributesOf(element: number): number {
    return this.#element(element, ATTRIBUTES);
  }

  /** The index behind the element's last attribute. */
  attributesEndOf(element: number): number {
    return element + 1 < this.#elements.count ? this.#element(element + 1, ATTRIBUTES) : this.#attributes.count;
  }

  /** The innermost namespace declaration in scope, or NONE. */
  scopeOf(element: number): number {
    return this.#element(element, SCOPE);
  }

  attributeWord(attribute: number): number {
    return this.#attributes.cells[attribute * ATTRIBUTE_WIDTH + ATTRIBUTE_WORD] ?? 0;
  }

  attributeNamespace(attribute: number): number {
    return this.#attributes.cells[attribute * ATTRIBUTE_WIDTH + ATTRIBUTE_NAMESPACE] ?? 0;
  }

  valueStartOf(attribute: number): number {
    return this.#attributes.cells[attribute * ATTRIBUTE_WIDTH + VALUE_START] ?? 0;
  }

  valueEndOf(attribute: number): number {
    return this.#attributes.cells[attribute * ATTRIBUTE_WIDTH + VALUE_END] ?? 0;
  }

  prefixOf(declaration: number): number {
    return this.#declarations.cells[declaration * DECLARATION_WIDTH + PREFIX] ?? 0;
  }

  declaredBy(declaration: number): number {
    return this.#declarations.cells[declaration * DECLARATION_WIDTH + DECLARED] ?? 0;
  }

  /** The declaration in scope before this one, or NONE. */
  outerOf(declaration: number): number {
    return this.#declarations.cells[declaration * DECLARATION_WIDTH + OUTER] ?? NONE;
  }

  /** The binding of the same prefix before this declaration. */
  shadowedBy(declaration: number): number {
    return this.#declarations.cells[declaration * DECLARATION_WIDTH + SHADOWED] ?? 0;
  }

  #element(element: number, column: number): number {
    return this.#elements.cells[element * ELEMENT_WIDTH + column] ?? NONE;
  }
}
