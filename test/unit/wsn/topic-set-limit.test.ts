import { expect, test } from 'vitest';
import { XPATH_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { TopicModel } from '../../../src/wsn/topics/topic-model.ts';
import { TopicSet } from '../../../src/wsn/topics/topic-set.ts';
import { XPathError, type XPath } from '../../../src/xml/xpath/xpath.ts';

test('an expression that was given up for lack of time is asked again by the next message', () => {
  const answers = [new XPathError('limit', 'too slow'), undefined];
  const element = {
    kind: 'element',
    xml: '<a/>',
    path: ['TopicSet', 'a'].map((localName) => ({ namespace: '', localName })),
  } as const;
  const xpath: XPath = {
    check: () => undefined,
    test: () => [],
    evaluate: () => {
      const error = answers.shift();
      if (error !== undefined) throw error;
      return { kind: 'nodes', nodes: [element] };
    },
  };
  const set = new TopicSet({ model: new TopicModel({ fixed: false, namespaces: [], permanent: [] }), xpath });
  set.add('a');
  const expression = { dialect: XPATH_DIALECT, text: '*[1]', namespaces: {} };
  expect([...set.select(expression)!]).toEqual([]);
  expect([...set.select(expression)!]).toEqual(['a']);
  expect([...set.select(expression)!]).toEqual(['a']);
});
