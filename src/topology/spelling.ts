const LONGEST = 64;

/** The one of `known` that was probably meant by `word`: same but for case, or very few slips away. */
export function closest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined;
  let best: string | undefined;
  let bestSlips = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const slips = countSlips(word.toLowerCase(), candidate.toLowerCase());
    if (slips < bestSlips && slips < candidate.length) [best, bestSlips] = [candidate, slips];
  }
  return best;
}

/** `did you mean "x"?` when something known is close. */
export function suggestion(word: string, known: Iterable<string>): string | undefined {
  const meant = closest(word, known);
  return meant === undefined ? undefined : `did you mean "${meant}"?`;
}

/** Letters inserted, left out, replaced or swapped with their neighbour. */
function countSlips(left: string, right: string): number {
  if (right.length > LONGEST) return Infinity;
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const isSame = left[row - 1] === right[column - 1];
      const isSwap = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current[column] = Math.min(
        (last[column] ?? Infinity) + 1,
        (current[column - 1] ?? Infinity) + 1,
        (last[column - 1] ?? Infinity) + (isSame ? 0 : 1),
        isSwap ? (beforeLast[column - 2] ?? Infinity) + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[right.length] ?? Infinity;
}
