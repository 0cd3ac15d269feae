/** The bytes that XML's grammar is made of. */
export const TAB = 0x09;
export const LINE_FEED = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const SPACE = 0x20;
export const EXCLAMATION = 0x21;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const AMPERSAND = 0x26;
export const APOSTROPHE = 0x27;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LESS_THAN = 0x3c;
export const EQUALS = 0x3d;
export const GREATER_THAN = 0x3e;
export const QUESTION = 0x3f;
export const LEFT_BRACKET = 0x5b;
export const RIGHT_BRACKET = 0x5d;

const isAsciiNameStart = (byte: number): boolean => /^[A-Z_a-z:]$/.test(String.fromCharCode(byte));

const isAsciiName = (byte: number): boolean => /^[A-Z_a-z:0-9.-]$/.test(String.fromCharCode(byte));

function classOf(contains: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (contains(byte) ? 1 : 0));
}

/** 1 for the bytes that XML 1.0 can carry nowhere. */
export const FORBIDDEN = classOf((byte) => !isCharacter(byte));
/** 1 for the bytes that may begin a name; those above 7F only perhaps, see isQualifiedName. */
export const NAME_START = classOf((byte) => byte >= 0x80 || isAsciiNameStart(byte));
/** 1 for the bytes that may stand in a name; those above 7F only perhaps. */
export const NAME = classOf((byte) => byte >= 0x80 || isAsciiName(byte));
/** 1 for white space (production 3). */
export const WHITE = classOf(
  (byte) => byte === SPACE || byte === TAB || byte === LINE_FEED || byte === CARRIAGE_RETURN,
);

// Productions 4 and 4a of the fifth edition, without the colon. As pairs of numbers, because some of them are combining marks.
const START_RANGES = [
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x2ff],
  [0x370, 0x37d],
  [0x37f, 0x1fff],
  [0x200c, 0x200d],
  [0x2070, 0x218f],
  [0x2c00, 0x2fef],
  [0x3001, 0xd7ff],
  [0xf900, 0xfdcf],
  [0xfdf0, 0xfffd],
  [0x10000, 0xeffff],
] as const;
const FURTHER_RANGES = [
  [0x2d, 0x2e],
  [0x30, 0x39],
  [0xb7, 0xb7],
  [0x300, 0x36f],
  [0x203f, 0x2040],
] as const;

const START = classText(START_RANGES);
const FURTHER = classText(FURTHER_RANGES);
const NC_NAME = `[${START}][${START}${FURTHER}]*`;
const QUALIFIED_NAME = new RegExp(`^${NC_NAME}(?::${NC_NAME})?$`, 'u');
/** What nearly every text is that is asked about. */
const ASCII_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const UP_TO_LAST_NAME = new RegExp(`^.*[^${START}${FURTHER}]`, 'su');
const BEFORE_NAME = new RegExp(`^[${FURTHER}]+`, 'u');

function classText(ranges: readonly (readonly [number, number])[]): string {
  return ranges.map(([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`).join('');
}

/** Whether the text is a QName (Namespaces in XML 1.0, production 7) by the name characters of XML 1.0, fifth edition. */
export function isQualifiedName(text: string): boolean {
  return QUALIFIED_NAME.test(text);
}

/** The NCName that the text ends with; '' = none. */
export function trailingName(text: string): string {
  if (ASCII_NAME.test(text)) return text;
  return text.replace(UP_TO_LAST_NAME, '').replace(BEFORE_NAME, '');
}

/** Whether XML 1.0 can carry the character (production 2), even as a character reference. */
export function isCharacter(codePoint: number): boolean {
  if (codePoint < SPACE) return codePoint === TAB || codePoint === LINE_FEED || codePoint === CARRIAGE_RETURN;
  return (
    codePoint <= 0xd7ff ||
    (codePoint >= 0xe000 && codePoint <= 0xfffd) ||
    (codePoint >= 0x10000 && codePoint <= 0x10ffff)
  );
}
