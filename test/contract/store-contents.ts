import type { EngineStore, KeyedRecord, LogRecord, Space } from '../../src/engine/ports/engine-store.ts';

export interface Loaded {
  readonly head: number;
  readonly cursors: readonly { readonly id: string; readonly seq: number }[];
  readonly records: readonly KeyedRecord[];
}

export const ENGINE = 'ME1';
export const SPACES: readonly Space[] = [
  'subscription',
  'pull-point',
  'registration',
  'request',
  'current',
  'interest',
  'high-water',
];

export const text = (content: string): Uint8Array => Buffer.from(content);
export const record = (seq: number, content = `message ${seq}`): LogRecord => ({ seq, bytes: text(content) });
export const keyed = (space: Space, key: string, content = `${space} ${key}`): KeyedRecord => ({
  space,
  key,
  value: text(content),
});
export const seqsOf = (records: readonly LogRecord[]): number[] => records.map(({ seq }) => seq);
export const everything = async (store: EngineStore): Promise<readonly LogRecord[]> => store.read(0, 1e6, 1e9);
export const readable = (value: Uint8Array): string => Buffer.from(value).toString();

/** What a store holds but for the log, all at once. */
export async function loaded(store: EngineStore): Promise<Loaded> {
  const { head, cursors, pages } = await store.load();
  const records: KeyedRecord[] = [];
  for await (const page of pages) records.push(...page);
  return { head, cursors: [...cursors].map(([id, seq]) => ({ id, seq })), records };
}

/** What a store holds, in a form that two stores can be compared by. */
export async function snapshot(store: EngineStore): Promise<unknown> {
  const { records, cursors, head } = await loaded(store);
  return {
    head,
    log: (await everything(store)).map(({ seq, bytes }) => [seq, readable(bytes)]),
    records: records.map(({ space, key, value }) => [space, key, readable(value)].join('\t')).sort(),
    cursors: cursors.map(({ id, seq }) => `${id}\t${seq}`).sort(),
  };
}
