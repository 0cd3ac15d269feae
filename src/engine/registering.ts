import { InfrastructureError } from '../kernel/errors.ts';
import { randomId } from '../kernel/ids.ts';
import { WsnFault } from '../wsn/faults.ts';
import type { PublisherRegistration, TopicExpression } from '../wsn/messages.ts';
import { grantTermination } from '../wsn/termination-time.ts';
import type { TopicMatcher } from '../wsn/topics/topic-expression.ts';
import type { Conclude, Parts } from './parts.ts';
import type { EngineOperations } from './ports/engine.ts';
import { registrationEnd, registrationRecord, type Registration } from './registrations.ts';
import { unknownResource } from './unknown-resource.ts';

type Request<O extends keyof EngineOperations> = EngineOperations[O]['request'];
type Reply<O extends keyof EngineOperations> = Promise<EngineOperations[O]['reply']>;

/** RegisterPublisher and what is asked of a registration later (WS-BrokeredNotification §4.3, §6). */
export class Registering {
  readonly #parts: Parts;
  #pending = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async registerPublisher(request: Request<'registerPublisher'>, conclude: Conclude): Reply<'registerPublisher'> {
    const { registrations, limits, clock } = this.#parts;
    if (registrations.size + this.#pending >= limits.maxRegistrations) {
      const message = `The engine has ${registrations.size} registrations, at most ${limits.maxRegistrations} are allowed`;
      throw new InfrastructureError('overloaded', message, { processed: 'no' });
    }
    const { registration, termination } = request;
    const matchers = this.#compile(registration);
    const currentTime = clock.now();
    const terminationTime = grantTermination(termination, currentTime, 'UnacceptableInitialTerminationTimeFault');
    const made: Registration = {
      ...{ id: randomId(), registration, matchers, terminationTime },
      ...{ creationTime: currentTime, remote: [], isEnded: false },
    };
    this.#pending += 1;
    try {
      return await conclude({
        batch: { put: [registrationRecord(made)] },
        reply: { registration: made.id, terminationTime, currentTime },
        apply: () => registrations.add(made),
      });
    } finally {
      this.#pending -= 1;
    }
  }

  async destroyRegistration(
    { registration: id }: Request<'destroyRegistration'>,
    conclude: Conclude,
  ): Reply<'destroyRegistration'> {
    return this.change(id, async (registration) =>
      conclude({
        batch: registrationEnd(registration),
        reply: {},
        apply: () => this.#parts.registrations.end(registration),
      }),
    );
  }

  async modifyRegistration(
    { registration: id, topics, demand }: Request<'modifyRegistration'>,
    conclude: Conclude,
  ): Reply<'modifyRegistration'> {
    return this.change(id, async (registration) => {
      const changed = { ...registration.registration, topics, demand };
      const matchers = this.#compile(changed);
      return conclude({
        batch: { put: [registrationRecord(registration, { registration: changed })] },
        reply: {},
        apply: () => this.#parts.registrations.update(registration, changed, matchers),
      });
    });
  }

  /** Does `work` with the live registration of that id, while nobody else changes it. A source of the topology is none. */
  async change<R>(id: string, work: (registration: Registration) => Promise<R>): Promise<R> {
    const { turns, registrations } = this.#parts;
    return turns.run(id, async () => {
      const registration = registrations.find(id);
      if (registration === undefined || registration.source !== undefined) throw unknownResource('registration', id);
      return work(registration);
    });
  }

  #compile({ publisher, demand, topics }: PublisherRegistration): readonly TopicMatcher[] {
    if (demand && publisher === undefined) {
      const message = 'Found Demand without a PublisherReference, expected one: the broker subscribes to the publisher';
      throw new WsnFault('PublisherRegistrationRejectedFault', message);
    }
    return topics.map((expression) => this.#compileTopic(expression));
  }

  #compileTopic(expression: TopicExpression): TopicMatcher {
    const { topicSet } = this.#parts;
    try {
      return topicSet.validate(expression);
    } catch (error) {
      // RegisterPublisher declares no fault for an unknown dialect.
      if (error instanceof WsnFault && error.fault === 'TopicExpressionDialectUnknownFault') {
        throw new WsnFault('InvalidTopicExpressionFault', error.message);
      }
      throw error;
    }
  }
}
