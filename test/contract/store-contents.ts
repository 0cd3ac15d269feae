import type { EngineStore, KeyedRecord, LastingSpace, LogRecord, Space } from '../../src/engine/ports/engine-store.ts';

export interface Loaded {
  readonly head: number;
  readonly cursors: readonly { readonly id: string; readonly seq: number }[];
  readonly records: readonly KeyedRecord[];
}

export const ENGINE = 'ME1';
export const LASTING: readonly LastingSpace[] = [
  'subscription',
  'pull-point',
  'registration',
  'current',
  'interest',
  'high-water',
];
export const SPACES: readonly Space[] = [...LASTING, 'request'];

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

/** What a store holds but for the log, all at once; of several requests under one key the last. */
export async function loaded(store: EngineStore): Promise<Loaded> {
  const { head, cursors, pages } = await store.load();
  const records: KeyedRecord[] = [];
  const requests = new Map<string, KeyedRecord>();
  for await (const page of pages) {
    for (const one of page) {
      if (one.space === 'request') requests.set(one.key, one);
      else records.push(one);
    }
  }
  return {
    head,
    cursors: [...cursors].map(([id, seq]) => ({ id, seq })),
    records: [...records, ...requests.values()],
  };
}

/** What a store holds, in a form that two stores can be compared by. `isKept` leaves records out. */
export async function snapshot(
  store: EngineStore,
  isKept: (record: KeyedRecord) => boolean = () => true,
): Promise<unknown> {
  const { records, cursors, head } = await loaded(store);
  return {
    head,
    log: (await everything(store)).map(({ seq, bytes }) => [seq, readable(bytes)]),
    records: records
      .filter(isKept)
      .map(({ space, key, value }) => [space, key, readable(value)].join('\t'))
      .sort(),
    cursors: cursors.map(({ id, seq }) => `${id}\t${seq}`).sort(),
  };
}
