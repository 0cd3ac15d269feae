import { NAME_PATTERN } from '../kernel/names.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import type { InfrastructureCode } from '../kernel/errors.ts';
import { MAX_CHANNEL_BYTES, NONCE_BYTES, PROTOCOL_VERSION, WireProtocolError } from './protocol.ts';
import type { WireRole } from './channels.ts';

/** What each end says of itself first. */
export interface Hello {
  readonly version: number;
  readonly name: string;
  readonly role: WireRole;
  /** Whom a dialer wants to reach; '' from a listener. */
  readonly expect: string;
  readonly nonce: Buffer;
  /** Credit for calls that this end grants at the start. */
  readonly windowBytes: number;
}

const MAGIC = Buffer.from('PTSM', 'latin1');
const ROLES: readonly WireRole[] = ['server', 'proxy', 'tool', 'worker'];
const MAX_FAILURE_TEXT_BYTES = 1024;

const INFRASTRUCTURE_CODES: ReadonlySet<string> = new Set<InfrastructureCode>([
  'engine-not-here',
  'lease-lost',
  'store-unavailable',
  'store-full',
  'overloaded',
  'unreachable',
  'timed-out',
  'shutting-down',
]);

/** Magic, u16 version, u8 role, nonce, u32 window, name, expected name. */
export function encodeHello(hello: Hello): Buffer {
  const fixed = Buffer.alloc(7);
  fixed.writeUInt16BE(hello.version, 4);
  fixed.writeUInt8(ROLES.indexOf(hello.role), 6);
  fixed.set(MAGIC);
  const window = Buffer.alloc(4);
  window.writeUInt32BE(hello.windowBytes);
  return Buffer.concat([fixed, hello.nonce, window, shortText(hello.name), shortText(hello.expect)]);
}

/** The version that a hello states, whatever the rest of it looks like. Throws WireProtocolError if it is no hello. */
export function helloVersion(payload: Buffer): number {
  if (payload.length < 6 || !payload.subarray(0, 4).equals(MAGIC)) {
    throw new WireProtocolError('The other end is no Pointsman member: its first frame is not a hello');
  }
  return payload.readUInt16BE(4);
}

/** Reads a hello of this version. Throws WireProtocolError. */
export function decodeHello(payload: Buffer): Hello {
  const version = helloVersion(payload);
  if (version !== PROTOCOL_VERSION) {
    throw new WireProtocolError(`The other end speaks wire version ${version}, this end ${PROTOCOL_VERSION}`);
  }
  const at = 7 + NONCE_BYTES;
  if (payload.length < at + 6) throw new WireProtocolError(`Hello of ${payload.length} bytes is too short`);
  const role = ROLES[payload.readUInt8(6)];
  if (role === undefined) throw new WireProtocolError(`Hello with unknown role ${payload.readUInt8(6)}`);
  const name = readShortText(payload, at + 4);
  const expect = readShortText(payload, name.end);
  if (expect.end !== payload.length) throw new WireProtocolError('Hello with bytes behind its end');
  if (!NAME_PATTERN.test(name.text)) throw new WireProtocolError('Hello with a name that no member can have');
  const windowBytes = payload.readUInt32BE(at);
  if (windowBytes === 0) throw new WireProtocolError('Hello with a window of 0 bytes: expected at least 1');
  return { version, role, name: name.text, expect: expect.text, nonce: payload.subarray(7, at), windowBytes };
}

/** Why a call failed: u8 processed, code, text. */
export function encodeFailure(error: InfrastructureError): Buffer {
  return failureBytes(error.code, error.processed === 'no', error.message);
}

/** A refusal of a greeting: same form, any code. */
export function encodeRefusal(code: string, message: string): Buffer {
  return failureBytes(code, true, message);
}

/** Reads a failure of a call. A code that this version does not know becomes `unreachable`. Throws WireProtocolError. */
export function decodeFailure(payload: Buffer): InfrastructureError {
  const { code, message, isUntouched } = failureParts(payload);
  const known = isInfrastructureCode(code) ? code : 'unreachable';
  return new InfrastructureError(known, message, { processed: isUntouched ? 'no' : 'unknown' });
}

/** Reads the text of a refusal. Throws WireProtocolError. */
export function decodeRefusal(payload: Buffer): { code: string; message: string } {
  const { code, message } = failureParts(payload);
  return { code, message };
}

/** A channel name with its length before it. Throws RangeError for a name that cannot be one. */
export function encodeChannel(channel: string): Buffer {
  if (!/^[\x21-\x7e]+$/.test(channel) || channel.length > MAX_CHANNEL_BYTES) {
    throw new RangeError(`Channel "${channel}": expected 1 to ${MAX_CHANNEL_BYTES} printable ASCII characters`);
  }
  return shortText(channel);
}

/** Reads a channel name; `end` is where the rest starts. Throws WireProtocolError. */
export function decodeChannel(payload: Buffer): { channel: string; end: number } {
  if (payload.length === 0) throw new WireProtocolError('Frame without a channel');
  const end = 1 + payload.readUInt8(0);
  if (end > payload.length) throw new WireProtocolError('Frame that ends inside its channel');
  return { channel: payload.toString('latin1', 1, end), end };
}

function shortText(text: string): Buffer {
  const bytes = Buffer.from(` ${text}`, 'latin1');
  bytes.writeUInt8(bytes.length - 1, 0);
  return bytes;
}

function readShortText(payload: Buffer, at: number): { text: string; end: number } {
  const length = at < payload.length ? payload.readUInt8(at) : Infinity;
  const end = at + 1 + length;
  if (end > payload.length) throw new WireProtocolError('Frame that ends inside a name');
  return { text: payload.toString('latin1', at + 1, end), end };
}

function failureBytes(code: string, isUntouched: boolean, message: string): Buffer {
  const text = Buffer.from(message).subarray(0, MAX_FAILURE_TEXT_BYTES);
  return Buffer.concat([Buffer.of(isUntouched ? 1 : 0), shortText(code), text]);
}

function failureParts(payload: Buffer): { code: string; message: string; isUntouched: boolean } {
  if (payload.length < 2) throw new WireProtocolError(`Failure of ${payload.length} bytes: expected at least 2`);
  const { text, end } = readShortText(payload, 1);
  return { code: text, message: payload.toString('utf8', end), isUntouched: payload.readUInt8(0) === 1 };
}

function isInfrastructureCode(code: string): code is InfrastructureCode {
  return INFRASTRUCTURE_CODES.has(code);
}
