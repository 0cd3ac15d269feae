import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PlacementFiles } from '../../../src/storage/sqlite/placement-files.ts';
import { temporaryDirectory } from './fixtures/places.ts';

describe('PlacementFiles', () => {
  it('remember where an engine was put, for whoever looks, until that is taken back', () => {
    using directory = temporaryDirectory();
    const placements = new PlacementFiles(directory.path);
    expect(placements.find('ME1')).toBeUndefined();
    placements.put('ME1', 'server2');
    placements.put('ME1', 'server3');
    expect(new PlacementFiles(directory.path).find('ME1')).toBe('server3');
    expect(placements.find('ME2')).toBeUndefined();
    placements.put('ME1', undefined);
    placements.put('ME1', undefined);
    expect(placements.find('ME1')).toBeUndefined();
    expect(readdirSync(join(directory.path, 'ME1'))).toEqual([]);
  });

  it.each(['', '\0\0\0\0\0\0\0\0', 'ser\0\0\0', '../server2', 'server2\nserver3'])(
    'take %j, as a power failure may leave it, for nothing',
    (text) => {
      using directory = temporaryDirectory();
      const placements = new PlacementFiles(directory.path);
      placements.put('ME1', 'server2');
      const path = join(directory.path, 'ME1', 'engine.placed');
      expect(readFileSync(path, 'utf8')).toBe('server2\n');
      writeFileSync(path, text);
      expect(placements.find('ME1')).toBeUndefined();
    },
  );

  it('say which file cannot be read or written', () => {
    using directory = temporaryDirectory();
    const placements = new PlacementFiles(directory.path);
    mkdirSync(join(directory.path, 'ME1', 'engine.placed'), { recursive: true });
    const refusal = { code: 'store-unavailable', processed: 'no' };
    expect(() => placements.find('ME1')).toThrow(expect.objectContaining(refusal));
    expect(() => placements.put('ME1', 'server2')).toThrow(/Cannot write .*engine\.placed/);
  });
});
