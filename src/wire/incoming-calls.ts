import { Cancellation } from '../kernel/cancellation.ts';
import { InfrastructureError, messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import { Passing } from '../kernel/passing.ts';
import type { CallAnswerer, WirePeer } from './channels.ts';
import type { Outbox, Transfer } from './outbox.ts';
import { decodeChannel, encodeFailure } from './payloads.ts';
import { PayloadAssembly } from './payload-assembly.ts';
import { CALL_CHARGE_BYTES, FRAME, WireProtocolError } from './protocol.ts';
import type { WireLimits } from './protocol.ts';

export interface IncomingCallsOptions {
  readonly peer: WirePeer;
  readonly answerers: ReadonlyMap<string, CallAnswerer>;
  readonly limits: WireLimits;
  readonly logger: Logger;
  readonly outbox: () => Outbox;
}

interface IncomingCall {
  readonly channel: string;
  readonly answerer: CallAnswerer;
  readonly payload: PayloadAssembly;
  readonly charge: number;
  /** Set once the answerer runs. */
  cancellation: Cancellation | undefined;
  reply: Transfer | undefined;
  isCancelled: boolean;
}

const NO_PREFIX = Buffer.alloc(0);

/**
 * The calls that the other end has made: arriving, being answered, their replies on the way. A call keeps its credit
 * until its reply has been handed to the socket, so that an end that does not read cannot pile up replies here.
 */
export class IncomingCalls {
  readonly #options: IncomingCallsOptions;
  readonly #calls = new Passing<number, IncomingCall>();
  /** What the other end may still use. */
  #granted: number;
  #returned = 0;
  #isRefusing = false;
  #isClosed = false;

  constructor(options: IncomingCallsOptions) {
    this.#options = options;
    this.#granted = options.limits.windowBytes;
  }

  /** From now on new calls are answered `shutting-down`. */
  refuseNew(): void {
    this.#isRefusing = true;
  }

  /** Takes the first frame of a call. Throws WireProtocolError. */
  onCall(id: number, frame: Buffer): void {
    if (this.#calls.has(id)) throw new WireProtocolError(`Call ${id} while there is one with this id`);
    if (this.#granted <= 0) throw new WireProtocolError(`Call ${id} without credit`);
    const { channel, end } = decodeChannel(frame);
    const payload = new PayloadAssembly(frame, end, this.#options.limits.maxPayloadBytes);
    const charge = CALL_CHARGE_BYTES + payload.total;
    this.#granted -= charge;
    const answerer = this.#options.answerers.get(channel);
    const refusal = this.#refusal(channel);
    if (refusal !== undefined || answerer === undefined) {
      this.#fail(id, refusal ?? untouched('unreachable', `The other end answers no calls to "${channel}"`));
      this.#giveBack(charge);
      return;
    }
    const call: IncomingCall = {
      channel,
      answerer,
      payload,
      charge,
      cancellation: undefined,
      reply: undefined,
      isCancelled: false,
    };
    this.#calls.set(id, call);
    if (payload.isWhole) this.#answer(id, call);
  }

  /** Takes a further part. Parts of calls that were refused or cancelled are dropped. */
  onPart(id: number, chunk: Buffer): void {
    const call = this.#calls.get(id);
    if (call === undefined || call.isCancelled) return;
    if (call.cancellation !== undefined) throw new WireProtocolError(`Part behind the end of call ${id}`);
    call.payload.add(chunk);
    if (call.payload.isWhole) this.#answer(id, call);
  }

  onCancel(id: number): void {
    const call = this.#calls.get(id);
    if (call === undefined || call.isCancelled) return;
    call.isCancelled = true;
    if (call.cancellation === undefined) this.#done(id, call);
    else if (call.reply === undefined) call.cancellation.abort(givenUp(call.channel));
    else call.reply.isCancelled = true;
  }

  /** Credit to grant now, or 0. Small amounts are saved up: the other end always has most of the window. */
  takeGrant(): number {
    const amount = this.#returned;
    if (!this.#isGrantDue) return 0;
    this.#returned = 0;
    this.#granted += amount;
    return amount;
  }

  /** The connection is gone: every answerer's signal aborts. */
  close(): void {
    this.#isClosed = true;
    for (const call of this.#calls.values()) call.cancellation?.abort(givenUp(call.channel));
    this.#calls.clear();
  }

  #refusal(channel: string): InfrastructureError | undefined {
    if (this.#isRefusing) return untouched('shutting-down', 'The other end is shutting down');
    const { backlogBytes } = this.#options.outbox();
    if (backlogBytes <= this.#options.limits.maxReplyBacklogBytes) return undefined;
    return untouched('overloaded', `Call to "${channel}" refused: ${backlogBytes} bytes of replies wait to be read`);
  }

  #answer(id: number, call: IncomingCall): void {
    const cancellation = new Cancellation();
    call.cancellation = cancellation;
    const fail = (error: unknown): void => {
      this.#replyFailure(id, call, error);
    };
    try {
      const answered = call.answerer(call.payload.take(), this.#options.peer, cancellation);
      answered.then((reply) => {
        this.#reply(id, call, reply);
      }, fail);
    } catch (error) {
      fail(error);
    }
  }

  #reply(id: number, call: IncomingCall, payload: Uint8Array): void {
    if (this.#isClosed) return;
    const { maxPayloadBytes } = this.#options.limits;
    if (call.isCancelled) {
      this.#done(id, call);
    } else if (payload.byteLength > maxPayloadBytes) {
      const size = `${payload.byteLength} bytes: expected at most ${maxPayloadBytes}`;
      this.#replyFailure(id, call, new RangeError(`Reply of ${size}`));
    } else {
      const onDone = (): void => {
        this.#done(id, call);
      };
      call.reply = {
        firstType: FRAME.reply,
        restType: FRAME.replyPart,
        id,
        prefix: NO_PREFIX,
        payload,
        sent: 0,
        hasStarted: false,
        isCancelled: false,
        onDone,
      };
      this.#options.outbox().enqueue(call.reply);
    }
  }

  #replyFailure(id: number, call: IncomingCall, error: unknown): void {
    if (this.#isClosed) return;
    const isExpected = error instanceof InfrastructureError;
    if (!isExpected && !call.isCancelled) {
      this.#options.logger.error('Cannot answer a call', { channel: call.channel, error });
    }
    if (!call.isCancelled) {
      const reason = 'The other end failed while it answered';
      this.#fail(
        id,
        isExpected ? error : new InfrastructureError('store-unavailable', reason, { processed: 'unknown' }),
      );
    }
    this.#done(id, call);
  }

  #fail(id: number, error: InfrastructureError): void {
    this.#options.logger.debug('Call failed', { code: error.code, error: messageOf(error) });
    this.#options.outbox().frame(FRAME.failure, id, encodeFailure(error));
  }

  #done(id: number, call: IncomingCall): void {
    if (this.#isClosed) return;
    this.#calls.delete(id);
    this.#giveBack(call.charge);
  }

  #giveBack(charge: number): void {
    this.#returned += charge;
    if (this.#isGrantDue) this.#options.outbox().schedule();
  }

  get #isGrantDue(): boolean {
    return this.#returned >= this.#options.limits.windowBytes / 8;
  }
}

function untouched(code: 'shutting-down' | 'overloaded' | 'unreachable', message: string): InfrastructureError {
  return new InfrastructureError(code, message, { processed: 'no' });
}

function givenUp(channel: string): InfrastructureError {
  return new InfrastructureError('timed-out', `The caller gave up its call to "${channel}"`, { processed: 'unknown' });
}
