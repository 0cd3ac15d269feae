import { describe, expect, test } from 'vitest';
import { contentFilterOf, Contents } from '../../../src/engine/contents.ts';
import type { Filter } from '../../../src/wsn/messages.ts';
import { XPATH_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { TopicModel } from '../../../src/wsn/topics/topic-model.ts';
import { TopicSet } from '../../../src/wsn/topics/topic-set.ts';
import { libxmlXPath } from '../../support/libxml-xpath.ts';

const expression = (text: string) => ({ dialect: XPATH_DIALECT, text, namespaces: {} });
const filterOf = (contents: readonly string[], producerProperties: readonly string[] = []): Filter => ({
  topics: [],
  contents: contents.map(expression),
  producerProperties: producerProperties.map(expression),
});
const message = Buffer.from('<Message><order><sum>7</sum></order></Message>');

function contentsOver(): { contents: Contents; topics: TopicSet; documents: number[] } {
  const model = new TopicModel({ fixed: false, namespaces: [], permanent: [] });
  const topics = new TopicSet({ model, xpath: libxmlXPath });
  const documents: number[] = [];
  const properties = (): Uint8Array => {
    documents.push(topics.revision);
    return Buffer.from(`<Broker><Topics>${topics.all().length}</Topics></Broker>`);
  };
  return { contents: new Contents({ xpath: libxmlXPath, topics, properties }), topics, documents };
}

describe('Contents', () => {
  test.each([
    [['/order/sum > 5'], [], true],
    [['/order/sum > 5', '/order/sum < 6'], [], false],
    [['/order/sum > 5'], ['/Broker/Topics = 0'], true],
    [['/order/sum > 5'], ['/Broker/Topics = 1'], false],
    [['/order/sum > 5'], ['/Broker/Topics = 0', '/Broker/Topics = 1'], false],
    [['/order/sum > 9'], ['/Broker/Topics = 0'], false],
  ])('passes %j with producer properties %j: %j', (texts, producer, expected) => {
    const { contents } = contentsOver();
    expect(contents.passes(contentFilterOf(filterOf(texts, producer)), { message, topic: 'a' })).toBe(expected);
  });

  test('asks for nothing where a filter has topics only', () => {
    expect(contentFilterOf(filterOf([]))).toBeUndefined();
    expect(contentsOver().contents.passes(undefined, { message, topic: 'a' })).toBe(true);
  });

  test('judges producer properties again when the topics have changed, and only then', () => {
    const { contents, topics, documents } = contentsOver();
    const content = contentFilterOf(filterOf([], ['/Broker/Topics = 1']));
    expect([
      contents.passes(content, { message, topic: 'a' }),
      contents.passes(content, { message, topic: 'a' }),
    ]).toEqual([false, false]);
    topics.add('a');
    expect([
      contents.passes(content, { message, topic: 'a' }),
      contents.passes(content, { message, topic: 'a' }),
    ]).toEqual([true, true]);
    expect(documents).toEqual([0, 1]);
  });
});
