import type { Directory } from '../cluster/ports/directory.ts';
import { packRequest, SOAP_CHANNEL, unpackReply, type RelayedReply, type RelayedRequest } from '../http/relay.ts';
import { Cancellation, type CancelSignal } from '../kernel/cancellation.ts';
import { NOWHERE } from '../kernel/crowd.ts';
import { Deadline } from '../kernel/deadline.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { EngineName } from '../kernel/names.ts';
import { Changes, type Onlooker } from './changes.ts';
import { HoldRoom, type HoldLimits } from './hold.ts';
import type { RouteKey, Router, Target } from './route.ts';
import type { Upstreams } from './upstreams.ts';

/** Between two tries of a held request, even if nothing has changed: the host may just have become ready. */
const RETRY_PAUSE_MS = { first: 10, max: 100 };

export interface RelayOptions {
  readonly router: Router;
  readonly upstreams: Upstreams;
  readonly directory: Directory;
  readonly limits: HoldLimits & { readonly holdMs: number };
  readonly logger: Logger;
}

/** Why a request got no answer, in the end. */
export interface GivenUp {
  readonly reason: 'nobody-answered' | 'too-many-held';
  /** The last server's own 503, if one got as far as that. */
  readonly reply?: RelayedReply;
}

/**
 * Carries requests to service points and holds them while an engine moves. A request is sent again when it surely
 * had no effect, and when its outcome is unknown too: it has an id, and the engine that may have served it remembers
 * that id with the reply.
 */
export class RequestRelay {
  readonly #options: RelayOptions;
  readonly #changes = new Changes();
  readonly #room: HoldRoom;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#room = new HoldRoom(options.limits);
  }

  /** Watches the cluster until `signal` aborts. */
  watch(signal: AbortSignal): void {
    const { directory, upstreams } = this.#options;
    directory.onChange(() => this.#changes.announce(), signal);
    upstreams.onChange(() => this.#changes.announce(), signal);
  }

  /** The reply of a service point, or why there is none when the patience (holdMs) has ended. */
  async relay(request: RelayedRequest, key: RouteKey, signal: CancelSignal): Promise<RelayedReply | GivenUp> {
    const since = performance.now();
    const first = this.#options.router.choose(key);
    const last = first === undefined ? NOT_TRIED : await this.#attempt(request, first, signal);
    return last.kind === 'answered' ? last.reply : this.#hold({ ...request, since }, key, signal, last);
  }

  async #hold(
    { since, ...request }: RelayedRequest & { readonly since: number },
    key: RouteKey,
    signal: CancelSignal,
    last: Missed,
  ): Promise<RelayedReply | GivenUp> {
    const { limits, router, logger } = this.#options;
    const leave = this.#room.enter(key.engine ?? last.engine, request.body.byteLength);
    if (leave === undefined) return { reason: 'too-many-held', ...replyOf(last) };
    using deadline = new Deadline(limits.holdMs, signal);
    const patience = deadline.signal;
    logger.debug('Request held', { engine: key.engine ?? last.engine, requestId: request.requestId });
    let missed = last;
    // Once the outcome of a try is unknown, only the engine of that try can tell, whatever later tries say.
    let pinned = last.kind === 'unknown' ? last.engine : undefined;
    try {
      for (let pauseMs = RETRY_PAUSE_MS.first; !patience.aborted; pauseMs = Math.min(pauseMs * 2, RETRY_PAUSE_MS.max)) {
        await this.#changeOrPause(pauseMs, patience);
        const target = router.choose(key, pinned);
        if (target === undefined) continue;
        // What a server has taken on may take as long as it needs: a poll waits longer than this patience.
        const waitedMs = performance.now() - since;
        const outcome = await this.#attempt({ ...request, waitedMs }, target, signal);
        if (outcome.kind === 'answered') return outcome.reply;
        missed = outcome;
        if (outcome.kind === 'unknown') pinned ??= outcome.engine;
      }
      return { reason: 'nobody-answered', ...replyOf(missed) };
    } finally {
      leave();
    }
  }

  async #changeOrPause(pauseMs: number, signal: AbortSignal): Promise<void> {
    using pause = new Deadline(pauseMs, signal);
    await this.#changes.next(pause.signal);
  }

  async #attempt(request: RelayedRequest, target: Target, signal: CancelSignal): Promise<Answered | Missed> {
    const { upstream, engine } = target;
    const named = engine === undefined ? {} : { engine };
    const attempt = this.#begin(target, signal);
    try {
      const { path, contentType, soapAction, requestId, waitedMs, body } = request;
      const payload = packRequest({ path, contentType, soapAction, requestId, engine, waitedMs, body });
      const reply = unpackReply(await upstream.call(SOAP_CHANNEL, payload, { signal: attempt.cancellation }));
      if (reply.outcome === 'answered') return { kind: 'answered', reply };
      return { kind: reply.outcome, reply, ...named };
    } catch (error) {
      if (!(error instanceof InfrastructureError)) throw error;
      return { kind: error.processed === 'no' ? 'not-processed' : 'unknown', ...named };
    } finally {
      this.#end(attempt, signal);
    }
  }

  #begin(target: Target, outer: CancelSignal): Attempt {
    const attempt = new Attempt(target, this.#options.directory);
    outer.addEventListener('abort', attempt.giveUp);
    this.#changes.add(attempt);
    attempt.look();
    if (outer.aborted) attempt.giveUp();
    return attempt;
  }

  #end(attempt: Attempt, outer: CancelSignal): void {
    outer.removeEventListener('abort', attempt.giveUp);
    this.#changes.remove(attempt);
  }
}

/**
 * One try: given up with its request, or when waiting for its target makes no sense any more, because its server went
 * silent, or its engine runs elsewhere with a higher epoch. A frozen server would otherwise keep its requests for as
 * long as it is frozen.
 */
class Attempt implements Onlooker {
  readonly cancellation = new Cancellation();
  place = NOWHERE;
  readonly #target: Target;
  readonly #directory: Directory;
  readonly #epoch: number | undefined;

  constructor(target: Target, directory: Directory) {
    this.#target = target;
    this.#directory = directory;
    this.#epoch = this.#epochNow();
  }

  readonly giveUp = (): void => this.cancellation.abort();

  look(): void {
    if (this.#target.upstream.state !== 'connected' || this.#epochNow() !== this.#epoch) this.giveUp();
  }

  #epochNow(): number | undefined {
    const { engine } = this.#target;
    return engine === undefined ? undefined : this.#directory.find(engine)?.epoch;
  }
}

interface Answered {
  readonly kind: 'answered';
  readonly reply: RelayedReply;
}

interface Missed {
  readonly kind: 'not-processed' | 'unknown';
  readonly engine?: EngineName;
  readonly reply?: RelayedReply;
}

const NOT_TRIED: Missed = { kind: 'not-processed' };

function replyOf({ reply }: Missed): { readonly reply?: RelayedReply } {
  return reply === undefined ? {} : { reply };
}
