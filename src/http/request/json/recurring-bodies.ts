import type { Variables } from '../../../graphql/analysis/variables/coerce-variables';
import { parseVariables, toExactJson } from '../../../graphql/analysis/variables/request-json';
import { endOfString, exceedsShape, largestShapeOf, MAX_SMALL_BYTES, QUOTE, type JsonShape } from './json-shape';
import { LARGE_JSON_BYTES, parseLargeJson } from './large-json';
import { mayReachForPrototype } from './prototype-names';

/** What a request's JSON has beside its variables; a request of GraphQL has no other members that matter (GraphQL over HTTP, 5.1). */
interface Members {
  readonly query: unknown;
  readonly documentId: unknown;
  readonly operationName: unknown;
  readonly extensions: unknown;
}

/** The bytes before and after the variables of a body. */
interface RecurringBody {
  readonly before: Buffer;
  readonly after: Buffer;
  readonly members: Members;
}

/** Bodies that begin alike. */
interface Row {
  readonly bodies: RecurringBody[];
  /** Where the next one is put. */
  next: number;
  /** Requests since then that were not found. */
  misses: number;
}

/** A power of two. */
const ROWS = 64;
const BODIES_A_ROW = 4;
/** Bytes by which a row is found. Most clients send the operation's name first. */
const HEAD_BYTES = 32;
/** Bytes of a body that are kept at most, so 2 MiB altogether, and as many characters of its query. */
const MAX_BYTES = 8192;
/**
 * Characters that its document id and extensions have at most as JSON. They are kept as values, which may take 20 times as much:
 * 3 MiB altogether.
 */
const MAX_VALUE_CHARACTERS = 512;
/** A body is taken apart once in so many: an operation with its arguments in its text never comes again. */
const MISSES_A_BODY = 16;
const VARIABLES = '"variables":';
const REPLACEMENT = '\ufffd';

/**
 * The bodies of requests in which only the variables differ. A client sends the same document, operation name and extensions
 * each time, which are most of a body: they are compared instead of parsed. What is found is what a parser would make of the
 * whole body: where one value of a JSON text is replaced by another one, the rest of it means the same (RFC 8259, section 2).
 */
export class RecurringBodies {
  readonly #rows = Array.from({ length: ROWS }, (): Row => ({ bodies: [], next: 0, misses: 0 }));

  /** The members of a body's JSON; null if the body has to be parsed. */
  parse(body: Buffer): (Members & { readonly variables: Variables | null }) | null {
    if (body.length < HEAD_BYTES) return null;
    let recurring: RecurringBody | null = null;
    // Several may surround it: one ends as another does, with more in front of that. To the shorter one this would be a part of the
    // variables, which are no JSON then; to try each of them would be as many times the work.
    for (const known of this.#rowOf(body).bodies)
      if ((recurring === null || known.after.length > recurring.after.length) && surrounds(known, body)) recurring = known;
    const variables = recurring === null ? undefined : variablesOf(recurring, body);
    if (recurring === null || variables === undefined) return null;
    const { query, documentId, operationName, extensions } = recurring.members;
    return { query, documentId, operationName, extensions, variables };
  }

  /**
   * Takes note of a body that was parsed and not found here. Only for operations that are known, and callers whose token was accepted:
   * others may be made up, and would take the places of those that come again.
   */
  note(body: Buffer): void {
    if (body.length < HEAD_BYTES || body.length > MAX_BYTES) return;
    const row = this.#rowOf(body);
    if (++row.misses < MISSES_A_BODY) return;
    row.misses = 0;
    const recurring = takeApart(body);
    // It may be one whose variables are the parser's to read.
    if (!recurring || row.bodies.some((known) => isSame(known, recurring))) return;
    row.bodies[row.next] = recurring;
    row.next = (row.next + 1) % BODIES_A_ROW;
  }

  /** By FNV-1a of the first bytes. */
  #rowOf(body: Buffer): Row {
    let hash = 0x811c9dc5;
    for (let at = 0; at < HEAD_BYTES; at += 4) hash = Math.imul(hash ^ body.readInt32LE(at), 0x01000193);
    return this.#rows[(hash ^ (hash >>> 15)) & (ROWS - 1)] as Row;
  }
}

function isSame(one: RecurringBody, other: RecurringBody): boolean {
  return one.before.equals(other.before) && one.after.equals(other.after);
}

function surrounds({ before, after }: RecurringBody, body: Buffer): boolean {
  const { length } = body;
  if (length < before.length + after.length) return false;
  return before.compare(body, 0, before.length) === 0 && after.compare(body, length - after.length, length) === 0;
}

/** The variables between the two parts; undefined unless they are a JSON object or null that a parser of the body would not refuse. */
function variablesOf({ before, after }: RecurringBody, body: Buffer): Variables | null | undefined {
  const from = before.length;
  const to = body.length - after.length;
  const isLarge = body.length > LARGE_JSON_BYTES;
  if (!isLarge && body.length > MAX_SMALL_BYTES && exceedsShape(body.subarray(from, to), largestVariablesOf(to - from))) return undefined;
  const text = body.toString('utf8', from, to);
  if (text.includes(REPLACEMENT) || (!isLarge && mayReachForPrototype(text))) return undefined;
  try {
    const variables = isLarge ? parseLargeJson(text, largestVariablesOf(to - from)) : parseVariables(text);
    return typeof variables === 'object' && !Array.isArray(variables) ? (variables as Variables | null) : undefined;
  } catch {
    return undefined;
  }
}

/** The most that variables may have. They are within the request's own object. */
function largestVariablesOf(bytes: number): JsonShape {
  const { depth, containers } = largestShapeOf(bytes);
  return { depth: depth - 1, containers: containers - 1 };
}

/** Finds a body's variables; null if it has none, or needs more than a parser. */
function takeApart(body: Buffer): RecurringBody | null {
  const at = body.indexOf(VARIABLES);
  // With larger variables, the parser would look at the shape of all of it.
  if (at < 0 || exceedsShape(body, largestShapeOf(body.length))) return null;
  const from = at + VARIABLES.length;
  const before = Buffer.from(body.subarray(0, from));
  const after = Buffer.from(body.subarray(endOfObject(body, from)));
  // Two values, because a later member of the same name would count instead.
  const members = [0, 1].map((probe) => membersWith(probe, before.toString('utf8'), after.toString('utf8')));
  const [first, second] = members;
  return first && second ? { before, after, members: first } : null;
}

/** The members of a body with other variables; null unless the request's variables are what stands between the two parts. */
function membersWith(probe: number, before: string, after: string): Members | null {
  const text = `${before}${probe}${after}`;
  if (text.includes(REPLACEMENT) || mayReachForPrototype(text) || toExactJson(text) !== text) return null;
  try {
    const parsed = JSON.parse(text) as Members & { readonly variables?: unknown };
    const { query, documentId, operationName, extensions, variables } = parsed;
    const isLarge = JSON.stringify([documentId, extensions]).length > MAX_VALUE_CHARACTERS;
    return variables === probe && !isLarge ? { query, documentId, operationName, extensions } : null;
  } catch {
    return null;
  }
}

/** Where an object of a JSON text ends; `from` if none begins there. */
function endOfObject(json: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfString(json, at);
    else if (byte === 0x7b) depth++;
    else if (byte === 0x7d && --depth <= 0) return depth < 0 ? from : at + 1;
  }
  return from;
}
