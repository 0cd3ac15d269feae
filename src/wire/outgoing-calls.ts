import type { CancelSignal } from '../kernel/cancellation.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import type { CallOptions } from './channels.ts';
import { LinkedQueue } from '../kernel/linked-queue.ts';
import type { QueuePlace } from '../kernel/linked-queue.ts';
import { Passing } from '../kernel/passing.ts';
import type { Outbox, Transfer } from './outbox.ts';
import { decodeFailure, encodeChannel } from './payloads.ts';
import { CALL_CHARGE_BYTES, FRAME, WireProtocolError } from './protocol.ts';
import type { WireLimits } from './protocol.ts';
import { PayloadAssembly } from './payload-assembly.ts';

interface OutgoingCall {
  readonly place: QueuePlace<Transfer>;
  readonly resolve: (reply: Buffer) => void;
  readonly reject: (error: InfrastructureError) => void;
  readonly signal: CancelSignal | undefined;
  readonly onAbort: () => void;
  reply: PayloadAssembly | undefined;
}

const NOTHING = Buffer.alloc(0);

/** The calls that this end has made over one connection: waiting for credit, under way, waiting for their reply. */
export class OutgoingCalls {
  readonly #calls = new Passing<number, OutgoingCall>();
  readonly #waiting = new LinkedQueue<Transfer>();
  /** Of the few channels that there are. */
  readonly #prefixes = new Map<string, Buffer>();
  readonly #limits: WireLimits;
  readonly #peerWindow: number;
  readonly #outbox: () => Outbox;
  readonly #onSettled: () => void;
  #waitingBytes = 0;
  #credit: number;
  #lastId = 0;

  /** `peerWindow` is the credit that the other end granted in its hello. `onSettled` is called after each call. */
  constructor(limits: WireLimits, peerWindow: number, outbox: () => Outbox, onSettled: () => void) {
    this.#limits = limits;
    this.#peerWindow = peerWindow;
    this.#credit = peerWindow;
    this.#outbox = outbox;
    this.#onSettled = onSettled;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Makes a call. It goes out when the other end has granted credit, in the order of the calls. */
  call(channel: string, payload: Uint8Array, options: CallOptions | undefined): Promise<Buffer> {
    const refusal = this.#refusal(channel, payload, options);
    if (refusal !== undefined) return Promise.reject(refusal);
    const prefix = this.#prefixOf(channel);
    return new Promise((resolve, reject) => {
      const id = this.#freshId();
      const signal = options?.signal;
      const onAbort = (): void => {
        this.#giveUp(id, channel);
      };
      const place = this.#waiting.push({
        firstType: FRAME.call,
        restType: FRAME.part,
        id,
        prefix,
        payload,
        sent: 0,
        hasStarted: false,
        isCancelled: false,
        onDone: undefined,
      });
      this.#waitingBytes += payload.byteLength;
      this.#calls.set(id, { place, resolve, reject, signal, onAbort, reply: undefined });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#outbox().schedule();
    });
  }

  /** The next call that the other end has granted credit for. One call may exceed what is left: parts never wait for credit. */
  next(): Transfer | undefined {
    if (this.#credit <= 0) return undefined;
    const transfer = this.#waiting.shift();
    if (transfer === undefined) return undefined;
    this.#waitingBytes -= transfer.payload.byteLength;
    this.#credit -= CALL_CHARGE_BYTES + transfer.payload.byteLength;
    return transfer;
  }

  /** Takes a grant. Throws WireProtocolError for more than was ever used. */
  onCredit(payload: Buffer): void {
    if (payload.length !== 4) throw new WireProtocolError(`Credit of ${payload.length} bytes: expected 4`);
    this.#credit += payload.readUInt32BE(0);
    if (this.#credit > this.#peerWindow) throw new WireProtocolError('Credit for more than was used');
    this.#outbox().schedule();
  }

  /** Takes the first part of a reply. Replies to calls that were given up are dropped. */
  onReply(id: number, payload: Buffer): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    if (call.reply !== undefined || !call.place.value.hasStarted) {
      throw new WireProtocolError(`Reply ${id} to a call that waits for none`);
    }
    call.reply = new PayloadAssembly(payload, 0, this.#limits.maxPayloadBytes);
    this.#resolveWhole(id, call, call.reply);
  }

  onReplyPart(id: number, payload: Buffer): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    if (call.reply === undefined) throw new WireProtocolError(`Part of reply ${id} before its start`);
    call.reply.add(payload);
    this.#resolveWhole(id, call, call.reply);
  }

  onFailure(id: number, payload: Buffer): void {
    const error = decodeFailure(payload);
    this.#settle(id)?.reject(error);
  }

  /** Fails the calls of which no byte was written: they may be sent elsewhere. */
  failUnsent(code: 'unreachable' | 'shutting-down', reason: string): void {
    for (const [id, call] of this.#calls.entries()) {
      if (call.place.value.hasStarted) continue;
      this.#settle(id)?.reject(new InfrastructureError(code, reason, { processed: 'no' }));
    }
  }

  /** The connection is gone: fails everything at once. */
  failAll(reason: string): void {
    this.failUnsent('unreachable', reason);
    for (const id of this.#calls.keys()) {
      this.#settle(id)?.reject(new InfrastructureError('unreachable', reason, { processed: 'unknown' }));
    }
  }

  #refusal(channel: string, payload: Uint8Array, options: CallOptions | undefined): InfrastructureError | undefined {
    if (options?.signal?.aborted === true) {
      return new InfrastructureError('timed-out', `Call to "${channel}" was given up before it began`, {
        processed: 'no',
      });
    }
    const { maxPayloadBytes, maxQueuedBytes, maxQueuedCalls } = this.#limits;
    const size = payload.byteLength;
    if (size > maxPayloadBytes) {
      return overloaded(`Call to "${channel}" with ${size} bytes: expected at most ${maxPayloadBytes}`);
    }
    const isFirst = this.#waiting.size === 0;
    if (this.#waiting.size >= maxQueuedCalls || (!isFirst && this.#waitingBytes + size > maxQueuedBytes)) {
      return overloaded(
        `Call to "${channel}" refused: ${this.#waiting.size} calls with ${this.#waitingBytes} bytes wait already`,
      );
    }
    return undefined;
  }

  #prefixOf(channel: string): Buffer {
    const known = this.#prefixes.get(channel);
    if (known !== undefined) return known;
    const prefix = encodeChannel(channel);
    this.#prefixes.set(channel, prefix);
    return prefix;
  }

  #giveUp(id: number, channel: string): void {
    const call = this.#settle(id);
    if (call === undefined) return;
    const { hasStarted } = call.place.value;
    if (hasStarted) this.#outbox().frame(FRAME.cancel, id);
    call.reject(
      new InfrastructureError('timed-out', `Call to "${channel}" was given up before its reply came`, {
        processed: hasStarted ? 'unknown' : 'no',
        cause: call.signal?.reason,
      }),
    );
  }

  #resolveWhole(id: number, call: OutgoingCall, reply: PayloadAssembly): void {
    if (!reply.isWhole) return;
    this.#settle(id);
    call.resolve(reply.take());
  }

  /** Forgets a call; nothing more of it goes out. */
  #settle(id: number): OutgoingCall | undefined {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    this.#calls.delete(id);
    call.signal?.removeEventListener('abort', call.onAbort);
    const transfer = call.place.value;
    if (call.place.isQueued) {
      this.#waiting.remove(call.place);
      this.#waitingBytes -= transfer.payload.byteLength;
      transfer.payload = NOTHING;
    }
    transfer.isCancelled = true;
    this.#onSettled();
    return call;
  }

  #freshId(): number {
    do this.#lastId = this.#lastId === 0xffff_ffff ? 1 : this.#lastId + 1;
    while (this.#calls.has(this.#lastId));
    return this.#lastId;
  }
}

function overloaded(message: string): InfrastructureError {
  return new InfrastructureError('overloaded', message, { processed: 'no' });
}
