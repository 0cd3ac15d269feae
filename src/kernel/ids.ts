import { createHash, randomUUID } from 'node:crypto';

/** A random UUID (version 4: 122 random bits) as 32 lower-case hexadecimal digits: the form of every resource id. */
export function randomId(): string {
  return randomUUID().replaceAll('-', '');
}

/** `urn:uuid:` of a name-based UUID (RFC 9562, version 5): the same name gives the same id, on any machine. */
export function nameBasedUrn(name: string): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return toUrn(bytes);
}

/** `urn:uuid:` of a random UUID (version 4). */
export function randomUrn(): string {
  return `urn:uuid:${randomUUID()}`;
}

const NAMESPACE = Buffer.from('6f1d7c0a5b2e4c3f9a84d1e07b63f250', 'hex');

function toUrn(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `urn:uuid:${parts.join('-')}`;
}
