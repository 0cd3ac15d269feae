import type { HttpPostReply } from '../http/sender/http-sender.ts';
import { readEnvelope } from '../soap/envelope.ts';
import { ProtocolError } from '../soap/fault.ts';
import { clipped, trimmed } from '../soap/text.ts';
import { soapVersionOf } from '../soap/version.ts';
import type { ElementName } from '../wsn/operations.ts';
import type { XmlElement } from '../xml/document.ts';

/** What a SOAP fault tells, as far as it matters to who sent the request. Everything in it is the remote's, and bounded. */
interface FaultContent {
  /** Whose problem it says that it is; undefined: neither word was found. */
  readonly role: 'Sender' | 'Receiver' | undefined;
  /** The local names of its code, its subcodes and its detail elements: stacks put a fault's name into any of these. */
  readonly names: ReadonlySet<string>;
  readonly reason: string;
  /** The texts of the children of its detail elements, by local name: MinimumTime, Timestamp … */
  readonly hints: ReadonlyMap<string, string>;
}

/** A producer answered, but not with what was asked for: a SOAP fault, another status, or something unreadable. */
export class ProducerAnswerError extends Error {
  override readonly name = 'ProducerAnswerError';
  /** The HTTP status. */
  readonly status: number;
  readonly fault: FaultContent | undefined;

  constructor(message: string, status: number, fault?: FaultContent) {
    super(message);
    this.status = status;
    this.fault = fault;
  }

  /** It knows no such subscription: r:ResourceUnknownFault of whatever draft, or HTTP 410. */
  get isResourceUnknown(): boolean {
    return this.#isNamed('ResourceUnknownFault', 'ResourceUnknown') || this.status === 410;
  }

  /** It cannot answer now and may be asked again: the statuses of overload and of a gateway without a server. */
  get isBusy(): boolean {
    return BUSY.has(this.status) && !this.isResourceUnknown;
  }

  /**
   * It does not offer the operation. Few stacks say wsa:ActionNotSupported; the rest call an unknown operation the sender's
   * fault, and a request without content can have no other; some blame themselves and say so in words only.
   */
  get isUnsupported(): boolean {
    if (this.fault === undefined) return [404, 405, 501].includes(this.status);
    if (this.isResourceUnknown || this.isBusy) return false;
    if (this.#isNamed('ActionNotSupported', 'PauseFailedFault', 'ResumeFailedFault')) return true;
    return this.fault.role === 'Sender' || UNKNOWN_OPERATION.test(this.fault.reason);
  }

  /** The termination time that was asked for cannot be granted. */
  get isTerminationRefused(): boolean {
    return this.#isNamed('UnacceptableInitialTerminationTimeFault', 'UnacceptableTerminationTimeFault');
  }

  #isNamed(...names: readonly string[]): boolean {
    return names.some((name) => this.fault?.names.has(name) === true);
  }
}

const BUSY: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

const UNKNOWN_OPERATION =
  /not (?:implemented|supported|recogni[sz]ed|found)|(?:unknown|no such) (?:operation|method|action)/i;

/** Of an answer: elements inside each other, and how many; a hundred pulled notifications need far fewer. */
const MAX_DEPTH = 100;
const MAX_ELEMENTS = 100_000;

/**
 * The element in the body of an answer. Undefined: success without content, which is all that some producers say where the
 * standards have an empty element. Throws ProducerAnswerError for everything that is not the expected element.
 */
export function readAnswer(reply: HttpPostReply, expected: ElementName, maxBytes: number): XmlElement | undefined {
  const { status } = reply;
  const isSuccess = status >= 200 && status < 300;
  if (reply.body.length === 0) {
    if (isSuccess) return undefined;
    throw new ProducerAnswerError(`answered with HTTP status ${status} and no content`, status);
  }
  const body = readBody(reply, maxBytes);
  if (soapVersionOf(body.namespace) !== undefined && body.localName === 'Fault') throw faultOf(body, status);
  if (isSuccess && body.is(expected.namespace, expected.localName)) return body;
  const found = `answered with HTTP status ${status} and '{${clipped(body.namespace)}}${clipped(body.localName)}'`;
  throw new ProducerAnswerError(`${found}, expected '{${expected.namespace}}${expected.localName}'`, status);
}

function readBody({ status, headers, body }: HttpPostReply, maxBytes: number): XmlElement {
  try {
    const limits = { maxBytes, maxDepth: MAX_DEPTH, maxElements: MAX_ELEMENTS };
    return readEnvelope(body, { contentType: headers['content-type'] }, limits).body;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const problem = `answered with HTTP status ${status} and no SOAP message`;
    throw new ProducerAnswerError(`${problem}: ${clipped(error.message)}`, status);
  }
}

/** No honest fault has more; what is beyond is not looked at. */
const MOST_SUBCODES = 5;
const MOST_DETAILS = 10;
const MOST_HINTS = 30;
const LONGEST_NAME = 100;

function faultOf(fault: XmlElement, status: number): ProducerAnswerError {
  const codes = codesOf(fault);
  const details = childNamed(fault, 'detail', 'Detail')?.children().slice(0, MOST_DETAILS) ?? [];
  const names = new Set([...codes.slice(1), ...details.map(({ localName }) => localName)].map(shortened));
  const [first = ''] = codes;
  // A SOAP 1.1 fault has one code only, which may be that of WS-Addressing, or a finer one behind a dot.
  const role = roleOf(first.split('.')[0] ?? '');
  if (role === undefined && first !== '') names.add(shortened(first));
  const said = reasonOf(fault);
  const called = [...names].join(', ') || shortened(first) || 'no code';
  const message = `answered with the fault ${called}${said === '' ? '' : `: ${said}`}`;
  return new ProducerAnswerError(message, status, { role, names, reason: said, hints: hintsOf(details) });
}

function codesOf(fault: XmlElement): readonly string[] {
  const faultcode = childNamed(fault, 'faultcode');
  if (faultcode !== undefined) return [localPart(faultcode.text())];
  const codes: string[] = [];
  let level = childNamed(fault, 'Code');
  while (level !== undefined && codes.length < MOST_SUBCODES) {
    codes.push(localPart(childNamed(level, 'Value')?.text() ?? ''));
    level = childNamed(level, 'Subcode');
  }
  return codes.filter((code) => code !== '');
}

function reasonOf(fault: XmlElement): string {
  const element = childNamed(fault, 'faultstring') ?? childNamed(fault, 'Reason')?.children()[0];
  return clipped(trimmed(element?.text() ?? ''));
}

function hintsOf(details: readonly XmlElement[]): ReadonlyMap<string, string> {
  const hints = new Map<string, string>();
  for (const child of details.flatMap((detail) => detail.children()).slice(0, MOST_HINTS)) {
    if (!hints.has(child.localName)) hints.set(child.localName, clipped(trimmed(child.text()), LONGEST_NAME));
  }
  return hints;
}

function roleOf(code: string): FaultContent['role'] {
  if (code === 'Sender' || code === 'Client') return 'Sender';
  return code === 'Receiver' || code === 'Server' ? 'Receiver' : undefined;
}

/** Faults name their parts in many namespaces, old drafts among them: the local name is what can be relied on. */
function childNamed(element: XmlElement, ...names: readonly string[]): XmlElement | undefined {
  return element.children().find(({ localName }) => names.includes(localName));
}

function localPart(name: string): string {
  const text = trimmed(name);
  return text.slice(text.lastIndexOf(':') + 1);
}

function shortened(name: string): string {
  return clipped(name, LONGEST_NAME);
}
