import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { XmlElement } from '../../src/xml/document.ts';
import { standalone } from '../../src/xml/fragment.ts';
import { readXml } from '../../src/xml/reader.ts';
import { FAULT_SPECS, type WsnFaultName } from '../../src/wsn/fault-specs.ts';
import { BR_NAMESPACE, PROPERTIES_NAMESPACE, RL_NAMESPACE, RP_NAMESPACE } from '../../src/wsn/namespaces.ts';
import { OPERATIONS, type OperationSpec, type WsnOperation } from '../../src/wsn/operations.ts';
import { TestCluster } from '../support/cluster.ts';
import { TestConsumer } from '../support/consumer.ts';
import { loadOfficialSchemas, type SchemaValidator } from '../support/schema-validator.ts';
import { post, referenceIn, WSA, WSNT, type Answer, type Reference } from '../support/soap-client.ts';
import { loadOurSchemas } from '../unit/wsdl/our-schemas.ts';

export type Version = '1.1' | '1.2';

/**
 * What a client keeps of an endpoint reference. `path`: the address, and no header at all, the action in HTTP only.
 * `parameters`: the reference parameters as header blocks, with all of WS-Addressing, sent to the broker's own address.
 */
export type Form = 'path' | 'parameters';
export const FORMS: readonly Form[] = ['path', 'parameters'];

const SOAP = { '1.1': 'http://schemas.xmlsoap.org/soap/envelope/', '1.2': 'http://www.w3.org/2003/05/soap-envelope' };
const AFFINITY = 'urn:pointsman:affinity';
const PREFIXES = `xmlns:wsa="${WSA}" xmlns:wsnt="${WSNT}" xmlns:br="${BR_NAMESPACE}" xmlns:rl="${RL_NAMESPACE}" xmlns:rp="${RP_NAMESPACE}" xmlns:pm="${PROPERTIES_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`;

const FAULT_NAMES = Object.keys(FAULT_SPECS) as readonly WsnFaultName[];

/** The operation of a request's body, which begins with the prefix that its namespace has here. */
function operationIn(body: string): WsnOperation {
  return /^<\w+:(\w+)/.exec(body)![1] as WsnOperation;
}

/** One SOAP version against one cluster: asks, checks what all answers have in common, and remembers it. */
export class OperationWorld implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly version: Version;
  /** `<operation> by <form>` of every answer that was no fault. */
  readonly granted = new Set<string>();
  readonly faults = new Set<WsnFaultName>();
  readonly #replies: string[] = [];
  readonly #consumers: TestConsumer[] = [];
  #asked = 0;

  private constructor(cluster: TestCluster, version: Version) {
    this.cluster = cluster;
    this.version = version;
  }

  static async start(version: Version): Promise<OperationWorld> {
    const extra = [
      'delivery: { firstRetry: 100ms, maxRetry: 200ms }',
      // Nobody renews late here, so what ends has ended, and its consumer is told at once.
      'subscriptions: { renewGrace: 0s }',
      // What is sent here is as the standards have it; only that clients may do without WS-Addressing.
      'strict: true',
      'tolerate: { messageIdMissing: true, actionOnlyInHttp: true, actionMissing: true }',
    ].join('\n');
    return new OperationWorld(await TestCluster.start('combined', { extra }), version);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
    for (const consumer of this.#consumers) await consumer[Symbol.asyncDispose]();
  }

  /** A consumer whose deliveries count among what is validated. */
  async consumer(): Promise<TestConsumer> {
    const consumer = await TestConsumer.start();
    this.#consumers.push(consumer);
    return consumer;
  }

  /** The broker at one engine, as an endpoint reference would have it. */
  brokerAt(engine: string): Reference {
    return {
      address: `${this.cluster.url}/wsn/NotificationBroker/${engine}`,
      parameters: `<p:Engine xmlns:p="${AFFINITY}" wsa:IsReferenceParameter="true">${engine}</p:Engine>`,
    };
  }

  /** Everything that an answer or a fault of this request has to have, whatever it says, is asserted. */
  async ask(to: Reference, form: Form, body: string): Promise<Answer> {
    const operation = operationIn(body);
    const spec: OperationSpec = OPERATIONS[operation];
    this.#asked += 1;
    const messageId = `urn:uuid:${this.version}-${this.#asked}`;
    const addressed = `<wsa:To>${this.cluster.url}/wsn/NotificationBroker</wsa:To><wsa:Action>${spec.action}</wsa:Action><wsa:MessageID>${messageId}</wsa:MessageID>${to.parameters}`;
    const header = form === 'path' ? '' : `<s:Header>${addressed}</s:Header>`;
    const url = form === 'path' ? to.address : `${this.cluster.url}/wsn/NotificationBroker`;
    const envelope = `<s:Envelope xmlns:s="${SOAP[this.version]}" ${PREFIXES}>${header}<s:Body>${body}</s:Body></s:Envelope>`;
    const answer = await post(url, envelope, this.#framing(spec.action));
    this.keep(answer);
    if (answer.fault !== undefined) this.#noteFault(answer, spec);
    else this.#noteReply(answer, operation, form);
    if (form === 'parameters' && answer.text !== '') this.#expectRelation(answer, spec, messageId);
    return answer;
  }

  /** Keeps an answer to what was asked in another way, for the schemas. */
  keep({ text }: Answer): void {
    if (text === '') return;
    expect(text).toContain(`xmlns:soap="${SOAP[this.version]}"`);
    this.#replies.push(text);
  }

  /** The answer to a request that is granted. */
  async granting(to: Reference, form: Form, body: string): Promise<XmlElement | undefined> {
    const answer = await this.ask(to, form, body);
    expect(answer.fault, `${body}\n${answer.text}`).toBeUndefined();
    return answer.body;
  }

  async refusing(to: Reference, form: Form, body: string, fault: WsnFaultName): Promise<Answer> {
    const answer = await this.ask(to, form, body);
    expect(answer.fault, `${body}\n${answer.text}`).toBe(FAULT_SPECS[fault].localName);
    return answer;
  }

  async createPullPoint(form: Form, engine: string): Promise<Reference> {
    const body = await this.granting(this.brokerAt(engine), form, '<wsnt:CreatePullPoint/>');
    return this.#known(body!.child(WSNT, 'PullPoint')!, 'PullPoint', engine);
  }

  /** Subscribes; `more` is what stands behind the ConsumerReference. */
  async subscribe(form: Form, engine: string, consumer: string, more = ''): Promise<Reference> {
    const body = `<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>${consumer}</wsa:Address></wsnt:ConsumerReference>${more}</wsnt:Subscribe>`;
    const reply = await this.granting(this.brokerAt(engine), form, body);
    return this.#known(reply!.child(WSNT, 'SubscriptionReference')!, 'SubscriptionManager', engine);
  }

  /** Registers a publisher: its registration, and where it publishes (nowhere on demand). */
  async register(
    form: Form,
    engine: string,
    content = '',
  ): Promise<{ readonly registration: Reference; readonly publishTo: Reference | undefined }> {
    const body = `<br:RegisterPublisher>${content}</br:RegisterPublisher>`;
    const reply = await this.granting(this.brokerAt(engine), form, body);
    const registration = reply!.child(BR_NAMESPACE, 'PublisherRegistrationReference')!;
    const publishTo = reply!.child(BR_NAMESPACE, 'ConsumerReference');
    return {
      registration: this.#known(registration, 'PublisherRegistrationManager', engine),
      publishTo: publishTo && this.#known(publishTo, 'NotificationConsumer', engine),
    };
  }

  /** What the official schemas, with ours for our own namespace, find wrong with what came back and what was delivered. */
  async officialProblems(): Promise<{ readonly checked: number; readonly problems: readonly string[] }> {
    const ours = readFileSync(new URL('../../wsdl/properties.xsd', import.meta.url));
    const schemas: SchemaValidator = (await loadOfficialSchemas({ [PROPERTIES_NAMESPACE]: ours }))!;
    const all = [...this.#replies, ...this.#delivered()];
    const found = all.flatMap((xml) => schemas.validate(Buffer.from(xml)).map((problem) => `${problem} in ${xml}`));
    return { checked: all.length, problems: found };
  }

  /** What the schemas that this broker offers find wrong with the bodies and the details of faults. */
  ourProblems(): { readonly checked: number; readonly problems: readonly string[] } {
    const problemsOf = loadOurSchemas();
    const bodies = [...this.#replies, ...this.#delivered()].flatMap((xml) => contentOf(xml));
    const found = bodies.flatMap((xml) => problemsOf(xml).map((problem) => `${problem} in ${xml}`));
    return { checked: bodies.length, problems: found };
  }

  #delivered(): readonly string[] {
    return this.#consumers.flatMap(({ documents }) => documents.map(({ bytes }) => Buffer.from(bytes).toString()));
  }

  #framing(action: string): Record<string, string> {
    return this.version === '1.1'
      ? { 'Content-Type': 'text/xml; charset=utf-8', SOAPAction: `"${action}"` }
      : { 'Content-Type': `application/soap+xml; charset=utf-8; action="${action}"` };
  }

  #noteReply({ status, body, text }: Answer, operation: WsnOperation, form: Form): void {
    const { reply }: OperationSpec = OPERATIONS[operation];
    expect(status, text).toBe(reply === undefined ? 202 : 200);
    if (reply !== undefined) {
      expect({ namespace: body?.namespace, localName: body?.localName }).toEqual(reply);
    }
    this.granted.add(`${operation} by ${form}`);
  }

  /** Declared for the operation (Notify declares none), with the SOAP code and the HTTP status that the table demands. */
  #noteFault({ status, body, fault, text }: Answer, spec: OperationSpec): void {
    const detail = body!.children().find(({ localName }) => localName.toLowerCase() === 'detail');
    const element = detail?.children()[0];
    const name = FAULT_NAMES.find(
      (one) => FAULT_SPECS[one].localName === fault && FAULT_SPECS[one].namespace === element?.namespace,
    );
    expect(name, text).toBeDefined();
    if (spec.reply !== undefined) expect(spec.faults, text).toContain(name);
    const { role } = FAULT_SPECS[name!];
    if (this.version === '1.1') {
      expect(body!.child('', 'faultcode')!.text()).toBe(role === 'Sender' ? 'soap:Client' : 'soap:Server');
      expect(status).toBe(500);
    } else {
      expect(body!.child(SOAP['1.2'], 'Code')!.child(SOAP['1.2'], 'Value')!.text()).toBe(`soap:${role}`);
      expect(status).toBe(role === 'Sender' ? 400 : 500);
    }
    this.faults.add(name!);
  }

  #expectRelation({ text, fault }: Answer, spec: OperationSpec, messageId: string): void {
    const { root } = readXml(Buffer.from(text));
    const header = root.child(root.namespace, 'Header')!;
    expect(header.child(WSA, 'RelatesTo')?.text()).toBe(messageId);
    const action = header.child(WSA, 'Action')?.text();
    const faultAction = FAULT_NAMES.find((name) => FAULT_SPECS[name].localName === fault);
    expect(action).toBe(faultAction === undefined ? spec.replyAction : FAULT_SPECS[faultAction].action);
  }

  /** An endpoint reference of ours: the front door, the engine that was asked for, and both of it as parameters. */
  #known(element: XmlElement, portType: string, engine: string): Reference {
    const reference = referenceIn(element);
    expect(reference.address).toMatch(new RegExp(`^${this.cluster.url}/wsn/${portType}/${engine}/\\w+$`));
    expect(reference.parameters.match(/IsReferenceParameter/g)).toHaveLength(2);
    return reference;
  }
}

/** The body's element, or the detail of its fault, if it is of a namespace that our schemas know. */
function contentOf(xml: string): readonly string[] {
  const envelope = readXml(Buffer.from(xml)).root;
  const body = envelope.child(envelope.namespace, 'Body')!.children();
  const elements = body.flatMap((element) => {
    if (element.localName !== 'Fault') return [element];
    return (
      element
        .children()
        .find(({ localName }) => localName.toLowerCase() === 'detail')
        ?.children() ?? []
    );
  });
  return elements
    .filter(({ namespace }) => namespace.startsWith('http://docs.oasis-open.org/'))
    .map((one) => standalone(one));
}
