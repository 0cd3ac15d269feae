import { hash, randomUUID } from 'node:crypto';

/** A random UUID (version 4: 122 random bits) as 32 lower-case hexadecimal digits: the form of every resource id. */
export function randomId(): string {
  return randomUUID().replaceAll('-', '');
}

/** `urn:uuid:` of a name-based UUID (RFC 9562, version 5): the same name gives the same id, on any machine. */
export function nameBasedUrn(name: string): string {
  return uuidOf(hash('sha1', named(name), 'hex'), '5');
}

/** `urn:uuid:` of a random UUID (version 4). */
export function randomUrn(): string {
  return `urn:uuid:${randomUUID()}`;
}

/**
 * `urn:uuid:` of UUIDs (RFC 9562, version 8) that are a hash of `name`, but for the last twelve digits: those say a number below
 * 2^48. One hash does for all numbers. Two names have an id in common only if 74 bits of their hashes are the same.
 */
export class NumberedUrns {
  readonly #start: string;

  constructor(name: string) {
    this.#start = uuidOf(hash('sha1', named(name), 'hex'), '8').slice(0, -NUMBER_DIGITS);
  }

  /** The id with that number; undefined: there is no room for it. */
  of(number: number): string | undefined {
    const digits = number.toString(16);
    return digits.length > NUMBER_DIGITS ? undefined : this.#start + ZEROS.slice(digits.length) + digits;
  }
}

const NUMBER_DIGITS = 12;
const ZEROS = '0'.repeat(NUMBER_DIGITS);

const NAMESPACE = Buffer.from('6f1d7c0a5b2e4c3f9a84d1e07b63f250', 'hex');
/** The first digit behind the third hyphen, by the last two bits of what the hash says there. */
const VARIANTS = '89ab';

function uuidOf(hex: string, version: '5' | '8'): string {
  const variant = VARIANTS.charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-${version}${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Namespace and name, for names of up to so many characters. */
const MAX_SHORT = 256;
const short = Buffer.alloc(NAMESPACE.length + 3 * MAX_SHORT);
NAMESPACE.copy(short);

function named(name: string): Buffer {
  if (name.length > MAX_SHORT) return Buffer.concat([NAMESPACE, Buffer.from(name)]);
  return short.subarray(0, NAMESPACE.length + short.write(name, NAMESPACE.length));
}
