import type { XmlElement } from '../../../src/xml/document.ts';
import { readXml } from '../../../src/xml/reader.ts';

export const WSDL = 'http://schemas.xmlsoap.org/wsdl/';
const WSAM = 'http://www.w3.org/2007/05/addressing/metadata';

/** An operation of a port type, with its messages resolved to their elements as `{namespace}name`. */
interface Operation {
  readonly input: string;
  readonly output: string | undefined;
  /** Fault name to detail element. */
  readonly faults: Readonly<Record<string, string>>;
  readonly actions: {
    readonly input?: string;
    readonly output?: string;
    readonly faults: Readonly<Record<string, string>>;
  };
}

export type PortTypes = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** The port types of a WSDL; messages are looked up in it and in the `imported` ones. */
export function portTypesOf(wsdl: Uint8Array, imported: readonly Uint8Array[] = []): PortTypes {
  const roots = [wsdl, ...imported].map((bytes) => readXml(bytes).root);
  const messages = new Map(roots.flatMap(messagesOf));
  return named(childrenOf(roots[0]!, 'portType'), (portType) =>
    named(childrenOf(portType, 'operation'), (operation) => operationOf(operation, messages)),
  );
}

/** The children with this name in the WSDL namespace. */
export function childrenOf(element: XmlElement, localName: string): readonly XmlElement[] {
  return element.children().filter((child) => child.is(WSDL, localName));
}

/** A QName in an attribute as `{namespace}name`. */
export function qualified(element: XmlElement, attribute: string): string {
  const value = element.attribute('', attribute) ?? '';
  const [, prefix = '', local = ''] = /^(?:([^:]+):)?(.*)$/.exec(value) ?? [];
  return `{${element.resolvePrefix(prefix) ?? ''}}${local}`;
}

function messagesOf(root: XmlElement): readonly (readonly [string, string])[] {
  const namespace = root.attribute('', 'targetNamespace') ?? '';
  return childrenOf(root, 'message').map((message) => {
    const parts = childrenOf(message, 'part');
    if (parts.length !== 1) throw new Error(`Message ${message.attribute('', 'name') ?? ''} has ${parts.length} parts`);
    return [`{${namespace}}${message.attribute('', 'name') ?? ''}`, qualified(parts[0]!, 'element')] as const;
  });
}

function operationOf(operation: XmlElement, messages: ReadonlyMap<string, string>): Operation {
  const elementOf = (child: XmlElement): string => {
    const found = messages.get(qualified(child, 'message'));
    if (found === undefined) throw new Error(`No message ${qualified(child, 'message')}`);
    return found;
  };
  const input = operation.child(WSDL, 'input')!;
  const output = operation.child(WSDL, 'output');
  const faults = childrenOf(operation, 'fault');
  const inputAction = input.attribute(WSAM, 'Action');
  const outputAction = output?.attribute(WSAM, 'Action');
  return {
    input: elementOf(input),
    output: output === undefined ? undefined : elementOf(output),
    faults: named(faults, elementOf),
    actions: {
      ...(inputAction === undefined ? {} : { input: inputAction }),
      ...(outputAction === undefined ? {} : { output: outputAction }),
      faults: named(faults, (fault) => fault.attribute(WSAM, 'Action') ?? ''),
    },
  };
}

function named<T>(elements: readonly XmlElement[], value: (element: XmlElement) => T): Record<string, T> {
  return Object.fromEntries(elements.map((element) => [element.attribute('', 'name') ?? '', value(element)]));
}
