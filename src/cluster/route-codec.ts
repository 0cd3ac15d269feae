import { messageOf } from '../kernel/errors.ts';
import { NAME_PATTERN } from '../kernel/names.ts';
import { pack, unpack } from '../kernel/packed.ts';
import type { Route } from './ports/directory.ts';

const MAX_BYTES = 1024 * 1024;
const MAX_ROUTES = 4096;

/** What arrived is not a list of routes. The message says what was found and what was expected. */
export class RouteFormatError extends Error {
  override readonly name = 'RouteFormatError';
}

/** Routes as they travel on the wire. */
export function encodeRoutes(routes: readonly Route[]): Buffer {
  return pack(routes.map(({ engine, server, epoch, state }) => ({ engine, server, epoch, state })));
}

/**
 * Reads what encodeRoutes() of any version wrote; members that this version does not know are passed over.
 * At most 1 MiB and 4096 routes. Throws RouteFormatError; nothing of a list with one bad route is taken.
 */
export function decodeRoutes(bytes: Uint8Array): readonly Route[] {
  if (bytes.byteLength > MAX_BYTES) throw found(`${bytes.byteLength} bytes`, `at most ${MAX_BYTES}`);
  const content = unpacked(bytes);
  if (!Array.isArray(content)) throw found(typeof content, 'a list of routes');
  if (content.length > MAX_ROUTES) throw found(`${content.length} routes`, `at most ${MAX_ROUTES}`);
  return content.map(toRoute);
}

function unpacked(bytes: Uint8Array): unknown {
  try {
    return unpack(bytes);
  } catch (error) {
    throw new RouteFormatError(`Found bytes that are not packed: ${messageOf(error)}; expected a list of routes`);
  }
}

function toRoute(candidate: unknown): Route {
  if (typeof candidate !== 'object' || candidate === null) throw found(JSON.stringify(candidate), 'a route');
  const { engine, server, epoch, state } = candidate as Record<string, unknown>;
  if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch) || epoch < 1) {
    throw found(`epoch ${show(epoch)}`, 'a whole number from 1');
  }
  if (state !== 'active' && state !== 'moving') throw found(`state ${show(state)}`, '"active" or "moving"');
  return { engine: toName('engine', engine), server: toName('server', server), epoch, state };
}

function toName(member: string, value: unknown): string {
  if (typeof value === 'string' && NAME_PATTERN.test(value)) return value;
  throw found(`${member} ${show(value)}`, `a name that matches ${NAME_PATTERN.source}`);
}

/** A stranger's value in a message: short, on one line. */
function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80);
}

function found(what: string, expected: string): RouteFormatError {
  return new RouteFormatError(`Found ${what}; expected ${expected}`);
}
