import { Desk } from './desk.ts';
import { Lexicon } from './lexicon.ts';

/** What one reading leaves for the next. */
export interface Kept {
  readonly desk: Desk;
  readonly lexicon: Lexicon;
}

let kept: Kept | undefined;

/** Nobody else has it until it is given back. */
export function takeKept(): Kept {
  const taken = kept ?? makeKept(new Desk());
  kept = undefined;
  return taken;
}

/** What has become too large is not kept. Documents that were read with it may go on using its lexicon. */
export function giveBack({ desk, lexicon }: Kept): void {
  desk.clear();
  kept = lexicon.isFull ? makeKept(desk) : { desk, lexicon };
}

function makeKept(desk: Desk): Kept {
  return { desk, lexicon: new Lexicon(desk) };
}
