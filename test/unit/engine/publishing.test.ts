import { describe, expect, it } from 'vitest';
import { TopicModel, type RootTopic } from '../../../src/wsn/topics/topic-model.ts';
import { EngineHost, failureOf, faultOf, messageOf } from './test-engine.ts';

function rootTopic(messageTypes?: RootTopic['messageTypes']): RootTopic {
  return { isFinal: false, messageTypes, children: new Map(), parent: undefined };
}

describe('notify', () => {
  it('without messages does nothing; with too many is refused as a whole', async () => {
    const host = new EngineHost({ limits: { maxMessagesPerNotify: 2 } });
    await host.start();
    await host.execute('notify', { messages: [] });
    expect(await failureOf(host.notify('a', '1', '2', '3'))).toMatchObject({ code: 'overloaded', processed: 'no' });
    expect(host.medium.engine('ME1').log.size).toBe(0);
  });

  it('commits the messages of one request in one batch', async () => {
    const host = new EngineHost();
    await host.start();
    const before = host.life.store.committed.length;
    await host.notify('a', '1', '2', '3');
    const committed = host.life.store.committed.slice(before);
    expect(committed.map(({ append }) => append?.map(({ seq }) => seq))).toEqual([[1, 2, 3]]);
    expect(committed[0]?.put?.filter(({ space }) => space === 'current')).toEqual([]);
  });
});

describe('a topic of a namespace document', () => {
  const roots = new Map([
    ['some', rootTopic([{ namespace: 'urn:m', localName: 'A' }])],
    ['any', rootTopic([{ namespace: 'http://www.w3.org/2001/XMLSchema', localName: 'any' }])],
    ['all', rootTopic()],
  ]);
  const namespaces = [{ targetNamespace: 'urn:t', isFinal: true, roots }];
  const topicModel = new TopicModel({ fixed: false, namespaces, permanent: [] });
  const send = async (host: EngineHost, topic: string, payload: string): Promise<unknown> =>
    host.execute('notify', { messages: [messageOf(`{urn:t}${topic}`, `<Message>${payload}</Message>`)] });

  it('takes the message types that it names, and no others', async () => {
    const host = new EngineHost({ topicModel });
    await host.start();
    await send(host, 'some', '<A xmlns="urn:m"/>');
    await send(host, 'any', '<B/>');
    await send(host, 'all', '<B/>');
    expect(host.medium.engine('ME1').log.size).toBe(3);
    expect(await faultOf(send(host, 'some', '<A/>'))).toBe('TopicNotSupportedFault');
    expect(await faultOf(send(host, 'some', '<m:B xmlns:m="urn:m"/>'))).toBe('TopicNotSupportedFault');
    expect(host.medium.engine('ME1').log.size).toBe(3);
  });

  it('is refused where a final namespace does not define it', async () => {
    const host = new EngineHost({ topicModel });
    await host.start();
    expect(await faultOf(send(host, 'none', '<B/>'))).toBe('TopicNotSupportedFault');
  });
});

describe('currentMessage', () => {
  it('gives the newest of the topic, over a restart, too', async () => {
    const host = new EngineHost();
    await host.start();
    expect(await host.execute('currentMessage', { topic: 'a' })).toEqual({});
    await host.notify('a', '1', '2');
    await host.notify('b', '3');
    const current = { found: { at: host.clock.now(), message: Buffer.from('2') } };
    expect(await host.execute('currentMessage', { topic: 'a' })).toEqual(current);
    await host.restart();
    expect(await host.execute('currentMessage', { topic: 'a' })).toEqual(current);
  });

  it('is written once for many publications, and before the log is trimmed', async () => {
    const host = new EngineHost();
    await host.start();
    const before = host.life.store.committed.length;
    for (const text of ['1', '2', '3']) await host.notify('a', text);
    await host.clock.advance(2_000);
    const written = host.life.store.committed.slice(before).flatMap(({ put = [] }) => put);
    expect(written.filter(({ space, key }) => space === 'current' && key !== 'through')).toHaveLength(1);
    expect([...host.medium.engine('ME1').log.keys()]).toEqual([3]);
    await host.notify('b', 'other');
    await host.clock.advance(2_000);
    await host.restart();
    expect(await host.execute('currentMessage', { topic: 'a' })).toMatchObject({
      found: { message: Buffer.from('3') },
    });
  });

  it('is kept for so many topics, those changed last', async () => {
    const host = new EngineHost({ limits: { maxCurrentTopics: 2 } });
    await host.start();
    await host.execute('notify', { messages: ['a', 'b', 'a', 'c'].map((topic) => messageOf(topic, topic)) });
    expect(await host.execute('currentMessage', { topic: 'b' })).toEqual({});
    expect(await host.execute('currentMessage', { topic: 'a' })).toMatchObject({ found: {} });
    await host.clock.advance(200);
    const stored = (): number =>
      [...host.medium.engine('ME1').records.values()].filter(
        ({ space, key }) => space === 'current' && key !== 'through',
      ).length;
    expect(stored()).toBe(2);
    await host.notify('b', 'again');
    await host.clock.advance(200);
    expect(stored()).toBe(2);
    await host.restart();
    expect(await host.execute('currentMessage', { topic: 'b' })).toMatchObject({ found: {} });
  });

  it('is not lost when the topic comes back before its removal was written', async () => {
    const host = new EngineHost({ limits: { maxCurrentTopics: 1 } });
    await host.start();
    await host.execute('notify', { messages: ['b', 'a'].map((topic) => messageOf(topic, topic)) });
    await host.notify('b', 'again');
    await host.restart();
    expect(await host.execute('currentMessage', { topic: 'b' })).toMatchObject({
      found: { message: Buffer.from('again') },
    });
  });
});
