/** Sends the same post to all consumers in turn as fast as they answer, with nothing but undici: one at a time to each. */
import { Pool, type Dispatcher } from 'undici';
import type { BareOrder, BareResult } from './bare-sender.ts';

const pools = new Map<string, Pool>();

async function run({ urls, post, inFlight, durationMs }: BareOrder): Promise<BareResult> {
  const body = Buffer.from(post.body);
  const idle = urls.map((url) => poolOf(url));
  const endsAt = performance.now() + durationMs;
  const startedAt = performance.now();
  let posts = 0;
  let underWay = 0;
  await new Promise<void>((resolve, reject) => {
    const pump = (): void => {
      while (underWay < inFlight && performance.now() < endsAt) {
        const target = idle.shift();
        if (target === undefined) break;
        underWay += 1;
        target.pool.dispatch(
          { path: target.path, method: 'POST', headers: post.headers, body },
          exchange((error) => {
            if (error !== undefined) reject(error);
            underWay -= 1;
            posts += 1;
            idle.push(target);
            pump();
          }),
        );
      }
      if (underWay === 0) resolve();
    };
    pump();
  });
  return { posts, seconds: (performance.now() - startedAt) / 1000 };
}

function poolOf(url: string): { readonly pool: Pool; readonly path: string } {
  const { origin, pathname } = new URL(url);
  const pool = pools.get(origin) ?? new Pool(origin, { connections: 1, pipelining: 1, allowH2: false });
  pools.set(origin, pool);
  return { pool, path: pathname };
}

function exchange(done: (error?: Error) => void): Dispatcher.DispatchHandler {
  return {
    onRequestStart: () => undefined,
    onResponseStart: () => undefined,
    onResponseData: () => undefined,
    onResponseEnd: () => done(),
    onResponseError: (_controller, error) => done(error),
  };
}

process.on('message', (order: BareOrder) => {
  void run(order).then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
