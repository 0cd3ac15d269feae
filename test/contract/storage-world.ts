import { randomUUID } from 'node:crypto';
import type { Contender, HeldLease, LeaseStore } from '../../src/cluster/ports/lease-store.ts';
import type { EngineStore } from '../../src/engine/ports/engine-store.ts';

/** What every adapter offers one server. */
export interface Storage {
  readonly leases: LeaseStore;
  openEngine(engine: string, epoch: number): Promise<EngineStore>;
}

/** One server with its storage. */
export interface Member {
  readonly storage: Storage;
  readonly contender: Contender;
  /** Ends it as a crash would: nothing is released. */
  die(): Promise<void>;
}

/** A medium that several members share. One per test; disposing of it cleans up. */
export interface StorageWorld extends AsyncDisposable {
  /** A new process of `server`. */
  join(server: string): Member;
  /** Forgets all that is stored of an engine whose lease is free and whose stores are closed. */
  erase(engine: string): void;
}

/** A contender with a new incarnation. */
export function contenderOf(server: string): Contender {
  return { server, incarnation: randomUUID() };
}

/** Takes the lease of `engine`, which must be free, and opens its store. */
export async function activate(
  { storage, contender }: Member,
  engine: string,
): Promise<{ lease: HeldLease; store: EngineStore }> {
  const lease = await storage.leases.acquire(engine, contender);
  if (lease === undefined) throw new Error(`The lease of ${engine} is not free`);
  return { lease, store: await storage.openEngine(engine, lease.epoch) };
}

/** Closes the store and releases the lease, in the order that the port asks for. */
export async function deactivate(
  { lease, store }: { lease: HeldLease; store: EngineStore },
  handoffTo?: string,
): Promise<void> {
  await store.close();
  await lease.release(handoffTo);
}
