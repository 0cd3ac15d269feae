import type * as z from 'zod';
import type { topicsSchema } from './conduct-schema.ts';
import type { Path } from './finding.ts';
import type { Address, TopologyKind } from './model.ts';
import type { deliverySchema, leaseSchema } from './schema.ts';
import { engineSchema, proxySchema, serverSchema, topologySchema } from './schema.ts';
import { sourceSchema } from './source-schema.ts';

/** A value that is right by itself, and where it stands. */
export interface Found<Value> {
  readonly value: Value;
  readonly path: Path;
}

export interface DraftMember {
  readonly path: Path;
  readonly name?: Found<string> | undefined;
  /** The name as it stands there, right or wrong; undefined when it is no text. */
  readonly label?: string | undefined;
  readonly listen?: Found<Address> | undefined;
  /** As written; `undefined` inside when it was left out, absent when it is wrong. */
  readonly wire?: Found<Address | undefined> | undefined;
}

export interface DraftEngine {
  readonly path: Path;
  readonly name?: Found<string> | undefined;
  /** The candidates that are names at all; undefined when there is no list of them. */
  readonly candidates?: readonly Found<string>[] | undefined;
}

export interface DraftSource {
  readonly path: Path;
  readonly name?: Found<string> | undefined;
  /** `undefined` inside when it was left out. */
  readonly engine?: Found<string | undefined> | undefined;
  readonly address?: Found<string> | undefined;
}

/** What can be made of a document in which anything may be wrong: enough to apply every rule that still makes sense. */
export interface Draft {
  readonly kind?: Found<TopologyKind> | undefined;
  readonly publicUrl?: Found<string | undefined> | undefined;
  readonly proxies: readonly DraftMember[];
  /** Undefined when there is no list of them. */
  readonly servers?: readonly DraftMember[] | undefined;
  readonly engines?: readonly DraftEngine[] | undefined;
  readonly isSqlite: boolean;
  readonly lease?: Found<z.output<typeof leaseSchema>> | undefined;
  readonly delivery?: Found<z.output<typeof deliverySchema>> | undefined;
  readonly sources: readonly DraftSource[];
  readonly topics?: Found<z.output<typeof topicsSchema>> | undefined;
}

/** Reads what is right of any value. Never throws. */
export function draftOf(value: unknown): Draft {
  const root = asRecord(value);
  const { topology, publicUrl, lease, delivery, topics } = topologySchema.shape;
  return {
    kind: find(topology, root, 'topology', []),
    publicUrl: find(publicUrl, root, 'publicUrl', []),
    proxies: (itemsOf(root, 'proxies') ?? []).map(({ item, path }) => ({
      path,
      name: find(proxySchema.shape.name, item, 'name', path),
      listen: find(proxySchema.shape.listen, item, 'listen', path),
    })),
    servers: itemsOf(root, 'servers')?.map(({ item, path }) => ({
      path,
      name: find(serverSchema.shape.name, item, 'name', path),
      label: typeof item['name'] === 'string' ? item['name'] : undefined,
      listen: find(serverSchema.shape.listen, item, 'listen', path),
      wire: find(serverSchema.shape.wire, item, 'wire', path),
    })),
    engines: itemsOf(root, 'engines')?.map(({ item, path }) => ({
      path,
      name: find(engineSchema.shape.name, item, 'name', path),
      candidates: candidatesOf(item, path),
    })),
    isSqlite: !Object.hasOwn(asRecord(root['store']), 'postgres'),
    lease: find(lease, root, 'lease', []),
    delivery: find(delivery, root, 'delivery', []),
    sources: (itemsOf(root, 'sources') ?? []).map(({ item, path }) => ({
      path,
      name: find(sourceSchema.shape.name, item, 'name', path),
      engine: find(sourceSchema.shape.engine, item, 'engine', path),
      address: find(sourceSchema.shape.address, item, 'address', path),
    })),
    topics: find(topics, root, 'topics', []),
  };
}

type Raw = Readonly<Record<string, unknown>>;

function find<Schema extends z.ZodType>(
  schema: Schema,
  parent: Raw,
  key: string,
  path: Path,
): Found<z.output<Schema>> | undefined {
  const raw = Object.hasOwn(parent, key) ? parent[key] : undefined;
  const result = schema.safeParse(raw);
  return result.success ? { value: result.data, path: [...path, key] } : undefined;
}

function candidatesOf(item: Raw, path: Path): Found<string>[] | undefined {
  const raw = Object.hasOwn(item, 'candidates') ? item['candidates'] : undefined;
  if (!Array.isArray(raw)) return undefined;
  return raw.flatMap((candidate: unknown, index) =>
    typeof candidate === 'string' ? [{ value: candidate, path: [...path, 'candidates', index] }] : [],
  );
}

function itemsOf(root: Raw, key: string): { item: Raw; path: Path }[] | undefined {
  const list = Object.hasOwn(root, key) ? root[key] : undefined;
  return Array.isArray(list)
    ? list.map((item: unknown, index) => ({ item: asRecord(item), path: [key, index] }))
    : undefined;
}

function asRecord(value: unknown): Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : {};
}
