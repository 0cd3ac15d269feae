import { describe, expect, test } from 'vitest';
import { TopicIndex } from '../../../src/engine/matching.ts';
import type { TopicExpression, TopicPath } from '../../../src/wsn/messages.ts';
import { XPATH_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { compileTopicExpression } from '../../../src/wsn/topics/topic-expression.ts';
import type { TopicSelector } from '../../../src/wsn/topics/topic-matchers.ts';

const NAMESPACES = { t: 'urn:t' };

/** A topic set in which every expression selects these, and that counts how often it is asked. */
class CountingSelector implements TopicSelector {
  asked = 0;
  readonly #topics: ReadonlySet<TopicPath>;

  constructor(...topics: readonly TopicPath[]) {
    this.#topics = new Set(topics);
  }

  check(): void {
    // Everything is an expression.
  }

  select(): ReadonlySet<TopicPath> {
    this.asked += 1;
    return this.#topics;
  }
}

function xpath(text: string): TopicExpression {
  return { dialect: XPATH_DIALECT, text, namespaces: NAMESPACES };
}

describe('an XPath with predicates', () => {
  test.each([
    ['t:a/b[c]/d', '{urn:t}a/b/d', '{urn:t}a/b/e'],
    ['t:a[x[1] or "]"]//d', '{urn:t}a/b/c/d', '{urn:t}b/d'],
    ['//d[../c]|t:*[2]', 'a/b/d', 'a/b/c'],
    ['*[1]/b | t:a[not(b)]', 'x/b', 'x/c'],
  ])('%s asks the topic set about %s, and not about %s', (text, within, beyond) => {
    const topics = new CountingSelector(within, beyond);
    const matcher = compileTopicExpression(xpath(text), topics);
    const index = new TopicIndex<string>();
    index.add('one', [matcher]);
    const found = (topic: TopicPath): string[] => {
      const names: string[] = [];
      index.match(
        topic,
        (name) => names.push(name),
        (name) => expect.fail(name),
      );
      return names;
    };
    expect([found(beyond), matcher.matches(beyond), topics.asked]).toEqual([[], false, 0]);
    expect(found(within)).toEqual(['one']);
    expect(topics.asked).toBe(1);
    index.remove('one', [matcher]);
    expect(found(within)).toEqual([]);
  });

  test.each(['(//d)[1]', '/*/t:a[1]', 'a[1]/..', 'a/ancestor::*[1]', '//wstop:TopicSet[1]', 'id("a")[1]'])(
    '%s, which is no path but for them, asks about every topic',
    (text) => {
      const topics = new CountingSelector('z');
      const namespaces = { wstop: 'http://docs.oasis-open.org/wsn/t-1', ...NAMESPACES };
      const matcher = compileTopicExpression({ ...xpath(text), namespaces }, topics);
      expect([matcher.matches('z'), topics.asked]).toEqual([true, 1]);
    },
  );

  test('is asked once for all who ask the same, also when several of its alternatives cover a topic', () => {
    const topics = new CountingSelector('a/b');
    const index = new TopicIndex<string>();
    for (const name of ['one', 'two']) index.add(name, [compileTopicExpression(xpath('a/b[c]|//b[d]'), topics)]);
    const found: string[] = [];
    index.match(
      'a/b',
      (name) => found.push(name),
      (name) => expect.fail(name),
    );
    expect([found.sort(), topics.asked]).toEqual([['one', 'two'], 1]);
  });
});
