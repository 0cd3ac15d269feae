import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { EngineDirectory } from '../../../src/cluster/engine-directory.ts';
import type { Route } from '../../../src/cluster/ports/directory.ts';
import { decodeRoutes, encodeRoutes, RouteFormatError } from '../../../src/cluster/route-codec.ts';
import { pack } from '../../../src/kernel/packed.ts';

const at = (server: string, epoch: number, state: Route['state'] = 'active'): Route => ({
  engine: 'ME1',
  server,
  epoch,
  state,
});

const routes = fc.record<Route>({
  engine: fc.constantFrom('ME1', 'ME2'),
  server: fc.constantFrom('server1', 'server2'),
  epoch: fc.integer({ min: 1, max: 4 }),
  state: fc.constantFrom('active', 'moving'),
});

describe('F34: a directory whose topology changes', () => {
  it('takes in what was told before its server was known, the newest only', () => {
    const known = new Set(['server1']);
    const directory = new EngineDirectory({ isKnown: ({ server }) => known.has(server) });
    directory.learn(at('server1', 1));
    expect(directory.learn(at('server2', 3))).toBe(false);
    expect(directory.learn(at('server2', 2))).toBe(false);
    directory.reconsider();
    expect(directory.find('ME1')).toEqual(at('server1', 1));
    known.add('server2');
    directory.reconsider();
    expect(directory.find('ME1')).toEqual(at('server2', 3));
  });

  it('learns that an engine moves away from a server that may not host it any more', () => {
    const known = new Set(['server1']);
    const directory = new EngineDirectory({ isKnown: ({ server }) => known.has(server) });
    directory.learn(at('server1', 1));
    known.clear();
    expect(directory.learn(at('server1', 1, 'moving'))).toBe(true);
    expect(directory.learn(at('server1', 2))).toBe(false);
  });
});

describe('EngineDirectory', () => {
  it('knows nothing at first', () => {
    const directory = new EngineDirectory();
    expect(directory.find('ME1')).toBeUndefined();
    expect(directory.all()).toEqual([]);
  });

  it.each<[string, Route, Route, boolean]>([
    ['a higher epoch elsewhere', at('server1', 3), at('server2', 4), true],
    ['a higher epoch at the same server', at('server1', 3), at('server1', 4), true],
    ['a higher epoch that moves', at('server1', 3), at('server2', 5, 'moving'), true],
    ['a higher epoch after a move', at('server1', 3, 'moving'), at('server2', 4), true],
    ['the beginning of a move', at('server1', 3), at('server1', 3, 'moving'), true],
    ['a lower epoch', at('server1', 3), at('server2', 2), false],
    ['a lower epoch that moves', at('server1', 3), at('server1', 2, 'moving'), false],
    ['the same again', at('server1', 3), at('server1', 3), false],
    ['the same move again', at('server1', 3, 'moving'), at('server1', 3, 'moving'), false],
    ['a move that turns back', at('server1', 3, 'moving'), at('server1', 3), false],
    ['another server with the same epoch', at('server1', 3), at('server2', 3), false],
    ['a move of another server with the same epoch', at('server1', 3), at('server2', 3, 'moving'), false],
  ])('judges %s', (_name, known, news, isAccepted) => {
    const directory = new EngineDirectory();
    directory.learn(known);
    expect(directory.learn(news)).toBe(isAccepted);
    expect(directory.find('ME1')).toEqual(isAccepted ? news : known);
  });

  it('comes to the same end whatever the order of the news, as far as epochs can tell', () => {
    const oneServerPerEpoch = fc
      .array(routes)
      .map((all) => all.map((route) => ({ ...route, server: `s${route.epoch}` })));
    fc.assert(
      fc.property(oneServerPerEpoch, fc.infiniteStream(fc.nat()), (news, random) => {
        const shuffled = news
          .map((route) => ({ route, key: Number(random.next().value) }))
          .toSorted((a, b) => a.key - b.key);
        const [first, second] = [new EngineDirectory(), new EngineDirectory()];
        for (const route of news) first.learn(route);
        for (const { route } of shuffled) second.learn(route);
        const byEngine = (a: Route, b: Route): number => a.engine.localeCompare(b.engine);
        // A move that is reported before its activation wins in both orders; the same epoch never turns back.
        expect(
          second
            .all()
            .map(({ engine, epoch }) => ({ engine, epoch }))
            .toSorted(byEngineOnly),
        ).toEqual(
          first
            .all()
            .toSorted(byEngine)
            .map(({ engine, epoch }) => ({ engine, epoch })),
        );
      }),
    );
  });

  it('never lets an epoch fall', () => {
    fc.assert(
      fc.property(fc.array(routes), (news) => {
        const directory = new EngineDirectory();
        const highest = new Map<string, number>();
        for (const route of news) {
          directory.learn(route);
          highest.set(route.engine, Math.max(highest.get(route.engine) ?? 0, route.epoch));
          expect(directory.find(route.engine)?.epoch).toBe(highest.get(route.engine));
        }
      }),
    );
  });

  it('tells its listeners of each change, and of nothing else, until their signal aborts', () => {
    const directory = new EngineDirectory();
    const heard: Route[] = [];
    const ending = new AbortController();
    directory.onChange((route) => heard.push(route), ending.signal);
    directory.onChange(() => expect.unreachable(), AbortSignal.abort());
    directory.learn(at('server1', 2));
    directory.learn(at('server2', 1));
    directory.learn(at('server1', 2, 'moving'));
    ending.abort();
    directory.learn(at('server2', 3));
    expect(heard).toEqual([at('server1', 2), at('server1', 2, 'moving')]);
  });

  it('does not learn what is not in the topology', () => {
    const directory = new EngineDirectory({
      isKnown: ({ engine, server }) => engine === 'ME1' && server === 'server1',
    });
    expect(directory.learn(at('server9', 99))).toBe(false);
    expect(directory.learn({ ...at('server1', 1), engine: 'ME9' })).toBe(false);
    expect(directory.learn(at('server1', 1))).toBe(true);
    expect(directory.all()).toEqual([at('server1', 1)]);
  });
});

function byEngineOnly(a: { engine: string }, b: { engine: string }): number {
  return a.engine.localeCompare(b.engine);
}

describe('decodeRoutes()', () => {
  it('reads what encodeRoutes() wrote', () => {
    fc.assert(
      fc.property(fc.array(routes), (list) => {
        expect(decodeRoutes(encodeRoutes(list))).toEqual(list);
      }),
    );
  });

  it('passes over what a later version may add', () => {
    const later = pack([{ ...at('server1', 3), colour: 'green' }]);
    expect(decodeRoutes(later)).toEqual([at('server1', 3)]);
  });

  it.each<[string, unknown]>([
    ['no list', { engine: 'ME1' }],
    ['a list of something else', [1]],
    ['null in the list', [null]],
    ['no engine', [{ ...at('s', 1), engine: undefined }]],
    ['an engine that is no name', [{ ...at('s', 1), engine: '../x' }]],
    ['a server that is no name', [at('a b', 1)]],
    ['an epoch of 0', [at('s', 0)]],
    ['an epoch that is no whole number', [at('s', 1.5)]],
    ['an epoch beyond counting', [at('s', 2 ** 60)]],
    ['an epoch as text', [{ ...at('s', 1), epoch: '1' }]],
    ['an unknown state', [{ ...at('s', 1), state: 'gone' }]],
    ['too many', Array.from({ length: 5_000 }, () => at('s', 1))],
  ])('refuses %s', (_name, content) => {
    expect(() => decodeRoutes(pack(content))).toThrow(RouteFormatError);
  });

  it('refuses whatever else arrives, and nothing but that', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeRoutes(bytes)).toThrow(RouteFormatError);
      }),
    );
  });

  it('refuses more than a mebibyte without reading it', () => {
    expect(() => decodeRoutes(Buffer.alloc(1024 * 1024 + 1))).toThrow(/1048577 bytes.*at most 1048576/);
  });
});
