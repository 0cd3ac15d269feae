import { describe, expect, it } from 'vitest';
import { settle } from '../../support/manual-clock.ts';
import { never, Scene } from './lease-scene.ts';

describe('LeaseManager.handOver()', () => {
  it('drains, closes, and lets the other server take the engine at once', async () => {
    const { scene, candidates } = await Scene.with(0, 1, 2);
    const moved = candidates[0]!.manager.handOver('server3', never());
    await scene.clock.advance(100);
    expect(await moved).toBe(true);
    expect(candidates.map(({ manager }) => manager.state)).toEqual(['standby', 'standby', 'active']);
    expect(candidates[0]!.events).toEqual(['activate 1', 'drain current', 'stop current']);
    expect(candidates[2]!.events).toEqual(['activate 2']);
  });

  it('takes the engine as soon as it is told that the lease is free, without waiting for its next look', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    await scene.clock.advance(1);
    await candidates[0]!.manager.handOver('server2', never());
    candidates[1]!.manager.lookNow();
    await scene.clock.advance(0);
    expect(candidates[1]!.manager.state).toBe('active');
  });

  it('takes nothing while it stands back, whoever dies, and everything again after that', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[1]!.manager.standBack(true);
    scene.medium.kill(candidates[0]!.incarnation);
    await scene.clock.advance(10_000);
    expect(candidates[1]!.manager.state).toBe('standby');
    candidates[1]!.manager.standBack(false);
    await scene.clock.advance(100);
    expect(candidates[1]!.manager.state).toBe('active');
  });

  it.each([
    ['before it takes it', 'taking'],
    ['while the engine loads', 'loading'],
    ['right after it has taken it', 'active'],
  ] as const)('F33: the target of a move dies %s: the engine is back within four seconds', async (_when, step) => {
    const { scene, candidates } = await Scene.with(0, 1, 2);
    const [holder, target, third] = candidates;
    if (step === 'taking') scene.medium.kill(target!.incarnation);
    if (step === 'loading') target!.activation = () => new Promise(() => undefined);
    const moved = holder!.manager.handOver('server2', never());
    await scene.clock.advance(100);
    await moved;
    if (step !== 'taking') expect(target!.manager.epoch).toBe(2);
    scene.medium.kill(target!.incarnation);
    await scene.clock.advance(3_900);
    const active = [holder, third].filter((candidate) => candidate!.manager.state === 'active');
    expect(active).toHaveLength(1);
    expect(active[0]!.manager.epoch).toBe(scene.medium.engine('ME1').epoch);
  });

  it('takes the engine back with a new epoch when the other server does not come', async () => {
    const { scene, candidates } = await Scene.with(0);
    const moved = candidates[0]!.manager.handOver('server2', never());
    await scene.clock.advance(1_400);
    expect(await moved).toBe(true);
    expect(candidates[0]!.manager.state).toBe('standby');
    await scene.clock.advance(600);
    expect(candidates[0]!.manager.state).toBe('active');
    expect(candidates[0]!.manager.epoch).toBe(2);
  });

  it('waits for the drain until the deadline and no longer', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[0]!.draining = () => new Promise(() => undefined);
    const deadline = new AbortController();
    const moved = candidates[0]!.manager.handOver('server2', deadline.signal);
    await scene.clock.advance(5_000);
    expect(candidates[0]!.manager.state).toBe('draining');
    expect(candidates[0]!.tenure!.isCurrent()).toBe(true);
    deadline.abort();
    await scene.clock.advance(100);
    expect(await moved).toBe(true);
    expect(candidates[1]!.manager.state).toBe('active');
  });

  it('moves on when the drain fails', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[0]!.draining = () => Promise.reject(new Error('no'));
    const moved = candidates[0]!.manager.handOver('server2', never());
    await scene.clock.advance(100);
    expect(await moved).toBe(true);
  });

  it('fails when the lease is lost on the way', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[0]!.draining = () => new Promise(() => undefined);
    const moved = candidates[0]!.manager.handOver('server2', never());
    await settle();
    scene.medium.loseLocks(candidates[0]!.incarnation);
    await scene.clock.advance(700);
    expect(await moved).toBe(false);
    expect(candidates[0]!.events.at(-1)).toBe('deposed: somebody else holds it');
  });

  it('does not release the lease of an engine that does not close', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[0]!.stopping = () => new Promise(() => undefined);
    const moved = candidates[0]!.manager.handOver('server2', never());
    await scene.clock.advance(5_000);
    expect(await moved).toBe(false);
    expect(candidates[0]!.events.at(-1)).toBe('deposed: the engine could not be closed');
    expect(scene.lease.holder?.server).toBe('server1');
  });

  it('releases later what could not be released at first', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[0]!.leases.release = 'fails';
    const moved = candidates[0]!.manager.handOver('server2', never());
    await scene.clock.advance(100);
    expect(await moved).toBe(false);
    expect(scene.lease.holder?.server).toBe('server1');
    candidates[0]!.leases.release = 'works';
    await scene.clock.advance(200);
    expect(scene.lease.holder?.server).toBe('server2');
  });

  it('refuses when there is nothing to hand over, and nobody to hand it to', async () => {
    const { candidates } = await Scene.with(0, 1);
    expect(await candidates[1]!.manager.handOver('server3', never())).toBe(false);
    expect(await candidates[0]!.manager.handOver('server1', never())).toBe(false);
    expect(await candidates[0]!.manager.handOver('server9', never())).toBe(false);
    void candidates[0]!.manager.handOver('server2', never());
    expect(await candidates[0]!.manager.handOver('server3', never())).toBe(false);
  });
});

describe('LeaseManager.stop()', () => {
  it('drains, closes and releases, so that another candidate takes the engine at once', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    await candidates[0]!.manager.stop(never());
    expect(candidates[0]!.events).toEqual(['activate 1', 'drain current', 'stop current']);
    expect(candidates[0]!.manager.state).toBe('stopped');
    await scene.clock.advance(100);
    expect(candidates[1]!.manager.state).toBe('active');
  });

  it('leaves no timer', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    for (const { manager } of candidates) await manager.stop(never());
    expect(scene.clock.sleeping).toBe(0);
  });

  it('gives up an engine that is loading', async () => {
    const scene = new Scene();
    const [only] = scene.candidates;
    only!.activation = (tenure) => scene.clock.sleep(60_000, tenure.signal);
    await only!.manager.start(never());
    await scene.clock.advance(100);
    await only!.manager.stop(never());
    expect(only!.manager.state).toBe('stopped');
    expect(only!.events).toEqual(['activate 1']);
    expect(scene.lease.isFree).toBe(true);
  });

  it('ends although the store does not answer', async () => {
    const scene = new Scene();
    const [only] = scene.candidates;
    only!.leases.observation = 'hangs';
    await only!.manager.start(never());
    await settle();
    await only!.manager.stop(never());
    expect(only!.manager.state).toBe('stopped');
    expect(scene.clock.sleeping).toBe(0);
  });

  it('happens without a drain when the signal of start() aborts', async () => {
    const scene = new Scene();
    const [only] = scene.candidates;
    only!.draining = () => new Promise(() => undefined);
    const life = new AbortController();
    await only!.manager.start(life.signal);
    await scene.clock.advance(100);
    life.abort();
    await settle();
    expect(only!.manager.state).toBe('stopped');
    expect(scene.lease.holder).toBeUndefined();
  });

  it('is idempotent, before and after everything', async () => {
    const { candidates } = await Scene.with(0);
    await Promise.all([candidates[0]!.manager.stop(never()), candidates[0]!.manager.stop(never())]);
    expect(candidates[0]!.events.filter((event) => event.startsWith('stop'))).toHaveLength(1);
    const fresh = new Scene().candidates[0]!;
    await fresh.manager.stop(never());
    await fresh.manager.start(never());
    expect(fresh.manager.state).toBe('stopped');
  });
});
