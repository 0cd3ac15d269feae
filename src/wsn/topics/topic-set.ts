import type { TopicPath } from '../messages.ts';
import type { TopicMatcher } from './topic-expression.ts';
export class TopicSet {
  readonly #grown = new Set<TopicPath>();
  revision = 0;
  get size(): number {
    return this.#grown.size;
  }
  readonly options: { maxTopics: number };
  constructor(options: { maxTopics: number }) {
    this.options = options;
  }
  add(topic: TopicPath): boolean {
    if (this.#grown.has(topic) || this.#grown.size >= this.options.maxTopics) return false;
    this.#grown.add(topic);
    this.revision += 1;
    return true;
  }
  has(topic: TopicPath): boolean {
    return this.#grown.has(topic);
  }
  grown(): Iterable<TopicPath> {
    return this.#grown;
  }
  toXml(): string {
    return '';
  }
  validate(_matcher: TopicMatcher): void {}
  permits(_topic: TopicPath): string | undefined {
    return undefined;
  }
}
