import type { Filter } from '../wsn/messages.ts';
import { compileTopicExpression, type TopicMatcher, type TopicSelector } from '../wsn/topics/topic-expression.ts';
import { contentFilterOf, mayLackTopic, type ContentFilter } from './contents.ts';
import { sameFilter } from './same-filter.ts';

/** Different filters that are kept under one text: to look for an equal one must not take long, whatever others ask for. */
const MAX_ALIKE = 8;

/** What belongs to a shared filter. */
interface Member {
  /** Its place among the members; theirs alone to change. */
  slot: number;
}

/** A filter, ready to be asked, with all that have it. */
export class SharedFilter<T extends Member> {
  readonly filter: Filter;
  readonly matchers: readonly TopicMatcher[];
  /** What it asks beyond topics; undefined: nothing. */
  readonly content: ContentFilter | undefined;
  #members: T[] | undefined;
  /** Another filter under the same text. */
  next: SharedFilter<T> | undefined;

  constructor(filter: Filter, matchers: readonly TopicMatcher[]) {
    this.filter = filter;
    this.matchers = matchers;
    this.content = contentFilterOf(filter);
  }

  get isUnused(): boolean {
    return this.#members === undefined;
  }

  get mayLackTopic(): boolean {
    return mayLackTopic(this.filter);
  }

  add(member: T): void {
    member.slot = this.#members?.length ?? 0;
    // Most different filters have one member: a list that is made for one takes no room for more.
    if (this.#members === undefined) this.#members = [member];
    else this.#members.push(member);
  }

  /** Removes a member. The last one takes its place: with a hundred thousand, nobody can be looked for or moved up. */
  remove(member: T): void {
    const members = this.#members;
    if (members?.[member.slot] !== member) return;
    const last = members.pop();
    if (last !== undefined && last !== member) {
      members[member.slot] = last;
      last.slot = member.slot;
    }
    if (members.length === 0) this.#members = undefined;
  }

  /** Calls `visit` for each member; none may be added or removed meanwhile. */
  each(visit: (member: T) => void): void {
    this.#members?.forEach(visit);
  }
}

/** The filters of subscriptions: a hundred thousand often ask for the same, and to compile is most of what one costs. */
export class SharedFilters<T extends Member> {
  readonly #selector: TopicSelector;
  /** The first of those that are in use with this text. */
  readonly #byText = new Map<string, SharedFilter<T>>();

  constructor(selector: TopicSelector) {
    this.#selector = selector;
  }

  /** The filter in use that says the same to the letter, or else a new one. Throws WsnFault if it is not understood. */
  compiled(filter: Filter): SharedFilter<T> {
    for (let known = this.#byText.get(textOf(filter)); known !== undefined; known = known.next) {
      if (sameFilter(known.filter, filter)) return known;
    }
    const matchers = filter.topics.map((expression) => compileTopicExpression(expression, this.#selector));
    return new SharedFilter(filter, matchers);
  }

  /** It is in use from now on. */
  keep(shared: SharedFilter<T>): void {
    const text = textOf(shared.filter);
    let count = 0;
    for (let known = this.#byText.get(text); known !== undefined; known = known.next) {
      count += 1;
      // Others who have not been kept yet may have been compiled meanwhile, and stay on their own.
      if (known === shared || count === MAX_ALIKE || sameFilter(known.filter, shared.filter)) return;
    }
    shared.next = this.#byText.get(text);
    this.#byText.set(text, shared);
  }

  /** It is not in use any more. */
  drop(shared: SharedFilter<T>): void {
    const text = textOf(shared.filter);
    let before: SharedFilter<T> | undefined;
    for (let known = this.#byText.get(text); known !== undefined; known = known.next) {
      if (known !== shared) {
        before = known;
        continue;
      }
      if (before !== undefined) before.next = shared.next;
      else if (shared.next !== undefined) this.#byText.set(text, shared.next);
      else this.#byText.delete(text);
      shared.next = undefined;
      return;
    }
  }
}

/** What most filters differ in. */
function textOf({ topics, contents }: Filter): string {
  return (topics[0] ?? contents?.[0])?.text ?? '';
}
