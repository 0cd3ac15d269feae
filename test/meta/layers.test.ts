import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './repository.ts';

type Layers = Readonly<Record<string, readonly string[]>>;

const { LAYERS } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as { LAYERS: Layers };
const architecture = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');

/** The rows of the table of rooms: `| room | what it does | may enter |`. */
function drawnLayers(text: string): Layers {
  const rows = text.matchAll(/^\| `([^`|]+)` *\|[^|]*\|([^|]*)\|$/gm);
  return Object.fromEntries(
    [...rows].map(([, room = '', entered = '']) => [
      room,
      [...entered.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    ]),
  );
}

function sorted(layers: Layers): Layers {
  return Object.fromEntries(Object.entries(layers).map(([room, entered]) => [room, entered.toSorted()]));
}

test('the map in docs/architecture.md is the map that is enforced', () => {
  expect(sorted(drawnLayers(architecture))).toEqual(sorted(LAYERS));
});

test('rooms stand in the document from the bottom up, so that all arrows point upwards in the table', () => {
  const order = Object.keys(drawnLayers(architecture));
  expect(order).toEqual(Object.keys(LAYERS));
  for (const [room, entered] of Object.entries(LAYERS)) {
    for (const name of entered) {
      expect(order.indexOf(name.split('/')[0] ?? ''), `${room} enters ${name}`).toBeLessThan(order.indexOf(room));
      expect(order).toContain(name.split('/')[0]);
    }
  }
});

test('every folder of src/ is a room, and every room a folder', () => {
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(LAYERS).sort());
});

test('drawnLayers() reads rooms and arrows, and nothing else', () => {
  const text = '| room | does | may enter |\n| --- | --- | --- |\n| `a` | uses `x` | |\n| `b` | y | `a`, `c/d` |\n';
  expect(drawnLayers(text)).toEqual({ a: [], b: ['a', 'c/d'] });
});
