import { requireAllowed } from '../../xml/xpath/rules.ts';
import { prefixOf, prefixesOf, syntaxError, tokensOf } from '../../xml/xpath/tokens.ts';
import type { Token } from '../../xml/xpath/tokens.ts';
import type { XPathExpression } from '../../xml/xpath/xpath.ts';

/** The dialect of ONVIF Core §9.5: conditions on the items of a tt:Message. */
export const ITEM_FILTER_DIALECT = 'http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter';

const ONVIF_SCHEMA = 'http://www.onvif.org/ver10/schema';
const ITEMS: ReadonlySet<string> = new Set(['SimpleItem', 'ElementItem']);
const ATTRIBUTES: ReadonlySet<string> = new Set(['Name', 'Value']);

/**
 * An expression of the ItemFilter dialect as XPath: and, or, not() and parentheses over
 * `boolean(//tt:SimpleItem[@Name="…" and @Value="…"])`, or ElementItem, with the same operators inside the brackets. An
 * undeclared `tt:`, and no prefix at all, mean ONVIF's schema. Throws XPathError for what is not of that grammar.
 */
export function translateItemFilter({ text, namespaces }: XPathExpression): XPathExpression {
  const tokens = tokensOf(text);
  const meant = new Map([['', ONVIF_SCHEMA]]);
  for (const prefix of prefixesOf(tokens)) {
    const declared = Object.hasOwn(namespaces, prefix) ? namespaces[prefix] : undefined;
    const namespace = declared ?? (prefix === 'tt' ? ONVIF_SCHEMA : undefined);
    if (namespace !== undefined) meant.set(prefix, namespace);
  }
  // Also the bound on the depth of what follows.
  requireAllowed({ text, namespaces: Object.fromEntries(meant) });
  return new Translation(text, tokens, meant).result();
}

/** Reads the tokens once from left to right and writes them down again, with prefixes of its own for the items. */
class Translation {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #meant: ReadonlyMap<string, string>;
  readonly #prefixes = new Map<string, string>();
  readonly #written: string[] = [];
  #next = 0;

  constructor(text: string, tokens: readonly Token[], meant: ReadonlyMap<string, string>) {
    this.#text = text;
    this.#tokens = tokens;
    this.#meant = meant;
  }

  result(): XPathExpression {
    this.#alternatives(() => {
      this.#itemCondition();
    });
    const rest = this.#tokens[this.#next];
    if (rest !== undefined) throw syntaxError(this.#text, rest.at, '"and", "or" or the end');
    const namespaces = [...this.#prefixes].map(([namespace, prefix]) => [prefix, namespace]);
    return { text: this.#written.join(' '), namespaces: Object.fromEntries(namespaces) as Record<string, string> };
  }

  /** One operand, or several with `and` and `or` between them; an operand may be negated or in parentheses. */
  #alternatives(operand: () => void): void {
    do {
      if (this.#takes('not')) {
        this.#take('(');
        this.#alternatives(operand);
        this.#take(')');
      } else if (this.#takes('(')) {
        this.#alternatives(operand);
        this.#take(')');
      } else {
        operand();
      }
    } while (this.#takes('and') || this.#takes('or'));
  }

  #itemCondition(): void {
    this.#take('boolean');
    this.#take('(');
    this.#take('//');
    this.#item();
    this.#take('[');
    this.#alternatives(() => {
      this.#attributeCondition();
    });
    this.#take(']');
    this.#take(')');
  }

  #item(): void {
    const token = this.#tokens[this.#next];
    const prefix = token === undefined ? '' : prefixOf(token);
    const namespace = this.#meant.get(prefix);
    const localName = token?.text.slice(prefix === '' ? 0 : prefix.length + 1) ?? '';
    if (token?.kind !== 'name' || namespace === undefined || !ITEMS.has(localName)) {
      throw this.#unexpected('SimpleItem or ElementItem');
    }
    const own = this.#prefixes.get(namespace) ?? `i${this.#prefixes.size + 1}`;
    this.#prefixes.set(namespace, own);
    this.#written.push(`${own}:${localName}`);
    this.#next += 1;
  }

  #attributeCondition(): void {
    this.#take('@');
    const name = this.#tokens[this.#next];
    if (name?.kind !== 'name' || !ATTRIBUTES.has(name.text)) throw this.#unexpected('Name or Value');
    this.#take(name.text);
    this.#take('=');
    const literal = this.#tokens[this.#next];
    if (literal?.kind !== 'literal') throw this.#unexpected('a string in quotes');
    this.#take(literal.text);
  }

  #takes(text: string): boolean {
    if (this.#tokens[this.#next]?.text !== text) return false;
    this.#written.push(text);
    this.#next += 1;
    return true;
  }

  #take(text: string): void {
    if (!this.#takes(text)) throw this.#unexpected(`'${text}'`);
  }

  #unexpected(expected: string): Error {
    const at = this.#tokens[this.#next]?.at ?? this.#text.length;
    return syntaxError(this.#text, at, `${expected}, as the ItemFilter dialect has it`);
  }
}
