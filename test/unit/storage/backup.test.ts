import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backUpEngine, backUpStoppedEngine } from '../../../src/storage/sqlite/engine-backup.ts';
import { restoreEngine } from '../../../src/storage/sqlite/engine-restoration.ts';
import { loaded } from '../../contract/store-contents.ts';
import { activate, deactivate } from '../../contract/storage-world.ts';
import { batchOf, batchesIn } from './fixtures/batches.ts';
import { sqliteMember, temporaryDirectory } from './fixtures/places.ts';

const engine = 'ME1';
const pointsman = '0.0.0';

/** Two directories: the store, and where its backup goes. */
function places(): Disposable & { readonly directory: string; readonly target: string } {
  const place = temporaryDirectory();
  return {
    directory: join(place.path, 'store'),
    target: join(place.path, 'backup', engine),
    [Symbol.dispose]: () => place[Symbol.dispose](),
  };
}

async function batchesStored(directory: string): Promise<number[]> {
  await using member = sqliteMember(directory);
  const active = await activate(member, engine);
  const batches = batchesIn(await active.store.read(0, 1e9, 1e9), await loaded(active.store));
  await deactivate(active);
  return batches;
}

describe('a backup', () => {
  it('of an engine that runs has all that was acknowledged before, and commits go on meanwhile', async () => {
    using place = places();
    const { directory, target } = place;
    const acknowledged: number[] = [];
    let next = 1;
    {
      await using member = sqliteMember(directory);
      const active = await activate(member, engine);
      const commit = async (): Promise<void> => {
        const seq = next;
        next += 2;
        await active.store.commit(batchOf(seq), seq);
        acknowledged.push(seq);
      };
      for (let at = 0; at < 100; at += 1) await commit();
      const before = [...acknowledged];
      const done = { is: false };
      const copying = backUpEngine({ directory, engine, target, pointsman }).finally(() => (done.is = true));
      while (!done.is) await commit();
      const manifest = await copying;
      expect(acknowledged.length).toBeGreaterThan(before.length);
      expect(manifest).toMatchObject({ version: 1, engine, epoch: 1, pointsman });
      expect(manifest.commits).toBeGreaterThanOrEqual(before.length);
      expect(manifest.head).toBeGreaterThanOrEqual(2 * before.length);
      expect(JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8'))).toEqual(manifest);
      await deactivate(active);
    }
    const restoring = restoreEngine({ directory, engine, from: target, isForced: false });
    await expect(restoring).rejects.toThrow(/newer than the backup are the commits \d+ to \d+ and the log numbers/);
    const { lost, keptIn, backup } = await restoreEngine({ directory, engine, from: target, isForced: true });
    expect(lost).toContain(`to ${String(acknowledged.length)}`);
    expect(existsSync(join(keptIn ?? '', 'engine.db'))).toBe(true);
    const restored = await batchesStored(directory);
    expect(restored).toEqual(acknowledged.slice(0, restored.length));
    expect(restored.length).toBeGreaterThanOrEqual(100);
    expect(restored.length).toBe(backup.commits);
  });

  it('restored, goes on above every epoch and log number that was given away', async () => {
    using place = places();
    const { directory, target } = place;
    await using member = sqliteMember(directory);
    await deactivate(await activate(member, engine));
    await backUpStoppedEngine({ directory, engine, target, pointsman });
    const later = await activate(member, engine);
    await later.store.commit(batchOf(1), 1);
    await deactivate(later);
    await restoreEngine({ directory, engine, from: target, isForced: true });
    const active = await activate(member, engine);
    expect(active.lease.epoch).toBe(3);
    expect((await active.store.load()).head).toBeGreaterThan(2);
    await deactivate(active);
  });

  it('is neither made nor restored without the lock when the engine is held by somebody', async () => {
    using place = places();
    const { directory, target } = place;
    await using member = sqliteMember(directory);
    await deactivate(await activate(member, engine));
    await backUpStoppedEngine({ directory, engine, target, pointsman });
    await expect(backUpStoppedEngine({ directory, engine, target, pointsman })).rejects.toThrow('is not empty');
    const active = await activate(member, engine);
    const other = join(target, '..', 'other');
    // Another object's lock in the same process counts as well.
    await expect(backUpStoppedEngine({ directory, engine, target: other, pointsman })).rejects.toThrow(
      'about to start',
    );
    await expect(restoreEngine({ directory, engine, from: target, isForced: true })).rejects.toThrow('it runs');
    await deactivate(active);
  });

  it('that is damaged or of another engine is refused, and changes nothing', async () => {
    using place = places();
    const { directory, target } = place;
    {
      await using member = sqliteMember(directory);
      await deactivate(await activate(member, engine));
    }
    await backUpStoppedEngine({ directory, engine, target, pointsman });
    const found = readdirSync(join(directory, engine)).toSorted();
    const asOther = restoreEngine({ directory, engine: 'ME2', from: target, isForced: true });
    await expect(asOther).rejects.toThrow('it is of engine "ME1", expected "ME2"');
    const copy = join(target, 'engine.db');
    const bytes = readFileSync(copy);
    bytes[5000] = bytes.readUInt8(5000) ^ 1;
    writeFileSync(copy, bytes);
    await expect(restoreEngine({ directory, engine, from: target, isForced: true })).rejects.toThrow(
      'has the checksum',
    );
    expect(readdirSync(join(directory, engine)).toSorted()).toEqual(found);
  });
});
