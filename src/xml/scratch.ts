import { newTapeRows, type TapeRows } from './tape.ts';
import { newWordRows, type WordRows } from './words.ts';

/** What a document is recorded on while it is read. Made once: for a short document it would be a third of all work. */
export interface Scratch {
  readonly tape: TapeRows;
  readonly words: WordRows;
}

/** One that has grown beyond this by a large document is not kept. */
const MAX_KEPT_CELLS = 64 * 1024;

let kept: Scratch | undefined;

/** Nobody else has it until it is given back. */
export function takeScratch(): Scratch {
  const scratch = kept ?? { tape: newTapeRows(), words: newWordRows() };
  kept = undefined;
  return scratch;
}

export function giveBack(scratch: Scratch): void {
  const { elements, attributes, declarations } = scratch.tape;
  const cells = [elements, attributes, declarations, scratch.words.rows].map((rows) => rows.cells.length);
  if (Math.max(...cells) <= MAX_KEPT_CELLS) kept = scratch;
}
