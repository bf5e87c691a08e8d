import { notHttp } from '../errors/failures';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
/** What tells an upper-case letter from its lower case. */
const CASE_BIT = 0x20;

/** The headers of responses that the gateway reads. All others are checked and passed over: making texts of them takes long. */
const HEADERS = [
  'age',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'expires',
  'keep-alive',
  'last-modified',
  'pragma',
  'retry-after',
  'transfer-encoding',
  'vary',
  'www-authenticate',
] as const;

/** The headers that were there, by their names in lower case; what came twice is joined by a comma (RFC 9110, section 5.3). */
export type ResponseHeaders = Partial<Readonly<Record<(typeof HEADERS)[number], string>>>;

/** The head of a response. */
export interface ResponseHead {
  readonly isHttp11: boolean;
  /** From 100 to 999. */
  readonly status: number;
  readonly headers: ResponseHeaders;
}

interface HeaderName {
  readonly name: (typeof HEADERS)[number];
  readonly bytes: Buffer;
}

/** The names by their length. */
const NAMES: (readonly HeaderName[])[] = Array.from({ length: Math.max(...HEADERS.map((name) => name.length)) + 1 }, (_, length) =>
  HEADERS.filter((name) => name.length === length).map((name) => ({ name, bytes: Buffer.from(name) })),
);
const NO_NAMES: readonly HeaderName[] = [];

const START = Buffer.from('HTTP/1.');

/** Which bytes a name may have (RFC 9110, section 5.6.2), and which ones a value, or what is said of a status (section 5.5). */
const IN_NAME = toTable(/[!#$%&'*+\-.^_`|~0-9A-Za-z]/);
const IN_VALUE = toTable(/[\t\x20-\x7e\x80-\xff]/);

function toTable(allowed: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (allowed.test(String.fromCharCode(code)) ? 1 : 0));
}

/**
 * Reads the head of a response (RFC 9112, sections 4 and 5). A folded line begins with a space, which is no name: a gateway may refuse
 * it (section 5.2), as Node and undici do.
 * @param end where the head's last line ends: the position of CR LF CR LF, at which everything here stops.
 * @throws BillingError `unavailable` for what is no head of HTTP/1.0 or HTTP/1.1.
 */
export function readHead(bytes: Buffer, end: number): ResponseHead {
  const status = readStatus(bytes);
  const headers: Partial<Record<(typeof HEADERS)[number], string>> = {};
  let text = '';
  let at = endOfValue(bytes, START.length + 5);
  if (!isLineEnd(bytes, at)) throw notHttp('its first line is not a status line');
  while (at < end) {
    const start = at + 2;
    const colon = endOfName(bytes, start);
    at = endOfValue(bytes, colon + 1);
    if (colon === start || bytes[colon] !== COLON || !isLineEnd(bytes, at)) throw notHttp('a line of its head is not a header');
    const name = findName(bytes, start, colon);
    if (name === null) continue;
    // A part of one text is cheaper than a text of its own.
    if (text === '') text = bytes.toString('latin1', 0, end);
    const value = withoutBlanks(text, colon + 1, at);
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return { isHttp11: bytes[START.length] === ZERO + 1, status, headers };
}

/** Whether these bytes may be the beginning of a head. */
export function mayBeHead(bytes: Buffer): boolean {
  const seen = Math.min(bytes.length, START.length);
  return bytes.compare(START, 0, seen, 0, seen) === 0;
}

/** The three digits of `HTTP/1.x 200`, which is followed by a space or the end of the line. */
function readStatus(bytes: Buffer): number {
  const at = START.length;
  const minor = bytes[at] as number;
  const [hundreds, tens, ones] = [bytes[at + 2] as number, bytes[at + 3] as number, bytes[at + 4] as number];
  const after = at + 5;
  const isStatusLine =
    mayBeHead(bytes) &&
    (minor === ZERO || minor === ZERO + 1) &&
    bytes[at + 1] === SPACE &&
    isDigit(hundreds) &&
    hundreds !== ZERO &&
    isDigit(tens) &&
    isDigit(ones) &&
    (bytes[after] === SPACE || isLineEnd(bytes, after));
  if (!isStatusLine) throw notHttp('its first line is not a status line');
  return (hundreds - ZERO) * 100 + (tens - ZERO) * 10 + ones - ZERO;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function isLineEnd(bytes: Buffer, at: number): boolean {
  return bytes[at] === CARRIAGE_RETURN && bytes[at + 1] === LINE_FEED;
}

function endOfName(bytes: Buffer, start: number): number {
  let at = start;
  while (IN_NAME[bytes[at] as number] === 1) at++;
  return at;
}

function endOfValue(bytes: Buffer, start: number): number {
  let at = start;
  while (IN_VALUE[bytes[at] as number] === 1) at++;
  return at;
}

/** The header that is read under this name, whatever its case; null for any other. */
function findName(bytes: Buffer, start: number, end: number): HeaderName['name'] | null {
  for (const { name, bytes: letters } of NAMES[end - start] ?? NO_NAMES) {
    let i = 0;
    // The case bit changes no byte of a name into a letter or a hyphen that was none.
    while (i < letters.length && ((bytes[start + i] as number) | CASE_BIT) === letters[i]) i++;
    if (i === letters.length) return name;
  }
  return null;
}

/** The part between two positions without the white space around it (RFC 9110, section 5.5). */
function withoutBlanks(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
