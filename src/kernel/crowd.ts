/** What may be in a Crowd, one at a time. */
export interface Member {
  /** Belongs to the Crowd: where it has this one. NOWHERE at first. */
  place: number;
}

/** The place of what is in no Crowd. */
export const NOWHERE = -1;

/**
 * Those who are here now, in no order. Each knows its own place, so that to come and to go costs next to nothing; and unlike a
 * Set's table (docs/adr/0031-what-is-gone-is-let-go.md) the list keeps nobody in memory who has gone.
 */
export class Crowd<T extends Member> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** Only for one who is in no Crowd. */
  add(member: T): void {
    member.place = this.#members.push(member) - 1;
  }

  /** Does nothing to who is not here, but must not be given a member of another Crowd. */
  delete(member: T): void {
    const { place } = member;
    if (place === NOWHERE) return;
    member.place = NOWHERE;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    last.place = place;
    this.#members[place] = last;
  }

  /** Those who are here now; what happens later does not show. */
  all(): T[] {
    return [...this.#members];
  }

  clear(): void {
    for (const member of this.#members.splice(0)) member.place = NOWHERE;
  }
}
