import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Variables } from '../../graphql/analysis/variables/coerce-variables';
import { parseRequestJson, parseVariables } from '../../graphql/analysis/variables/request-json';
import { MAX_ANONYMOUS_BYTES } from '../../graphql/limits/token-proof';
import { PREFLIGHTED_HEADERS } from '../../graphql/server/apollo-server';
import { rememberRecent } from '../../runtime/maps/recent-texts';
import type { BodyFault } from './exchange';
import { headerOf } from './header-of';
import { exceedsShape, hasMoreValues, largestShapeOf, MAX_SMALL_BYTES, maxUnprovenValues, type JsonShape } from './json/json-shape';
import { ExcessiveJson, LARGE_JSON_BYTES, MAX_NUMERIC_NAMES, MAX_SHAPES, parseLargeJson } from './json/large-json';
import { mayReachForPrototype, PrototypeName, reachesForPrototype } from './json/prototype-names';
import { ALLOWED_METHODS, hasOperationInBody, WRONG_METHOD } from './methods';
import type { RecurringQueries } from './recurring-queries';

/** A GraphQL request (GraphQL over HTTP, section 5.1), whatever transport brought it. */
export interface GraphqlRequest {
  /** Undefined where the document is named otherwise. */
  readonly query: string | undefined;
  /** The id of a persisted document, of any type (GraphQL over HTTP, "Persisted Documents"). */
  readonly documentId: unknown;
  readonly operationName: string | undefined;
  readonly variables: Variables;
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
}

/** How a request brings its operation: in its body, in its URL, or not as GraphQL over HTTP has it. */
export type RequestForm = 'body' | 'search' | 'other';

/** The head of a request, and its body. */
interface RawRequest {
  readonly request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>;
  readonly body: Buffer;
  readonly bodyFault: BodyFault | null;
}

/**
 * Tells how a request brings its operation, before any of that is looked at. What comes as `other` is Apollo Server's to
 * refuse, such as a GET that a page of another site could send, or to answer with a page.
 * @throws GraphQLError `BAD_REQUEST` for a method, a body or a media type that GraphQL does not have. A QUERY without a media
 * type is malformed (RFC 10008, section 2.1); a POST without a body and a media type is what a page may send.
 */
export function toRequestForm({ request: { method, headers }, body, bodyFault }: RawRequest, maxRequestBytes: number): RequestForm {
  const type = headerOf(headers, 'content-type');
  const isPreflighted = (): boolean => PREFLIGHTED_HEADERS.some((name) => headerOf(headers, name));
  if (method === 'GET') {
    if (headerOf(headers, 'upgrade')?.toLowerCase() === 'websocket') throw badRequest(NO_WEB_SOCKET);
    return (type === undefined ? isPreflighted() : isJson(type)) ? 'search' : 'other';
  }
  if (!hasOperationInBody(method)) throw badRequest(WRONG_METHOD, 405, [['allow', ALLOWED_METHODS]]);
  if (bodyFault) throw toBodyError(bodyFault, headerOf(headers, 'authorization') === undefined, maxRequestBytes);
  if (headerOf(headers, 'content-encoding') !== undefined && headerOf(headers, 'content-encoding') !== 'identity')
    throw badRequest('The request body must be compressed by gzip, deflate or br, or not at all.', 415, [
      ['accept-encoding', 'gzip, deflate, br'],
    ]);
  if (isJson(type)) return 'body';
  if (method === 'QUERY') throw badRequest(NOT_JSON, type === undefined ? 400 : 415);
  // `text/plain` is what `fetch` sends by default, and what any site's page may send: Apollo Server has its own message for that.
  if (type === undefined ? body.length > 0 : !isText(type) || isPreflighted()) throw badRequest(NOT_JSON, 415);
  return 'other';
}

function toBodyError(fault: BodyFault, isAnonymous: boolean, maxRequestBytes: number): GraphQLError {
  if (fault === 'too-late')
    return badRequest('The request body was not read in time, while many others were incomplete or waiting. Send it again.', 408);
  if (fault === 'undecodable')
    return badRequest('The request body is not compressed as its header "Content-Encoding" says, or is incomplete.');
  return badRequest(
    `The request body is larger than the ${maxRequestBytes} bytes that are allowed (MAX_REQUEST_BYTES). ` +
      `Split the operation, or send fewer variables at once.` +
      (isAnonymous && maxRequestBytes > MAX_ANONYMOUS_BYTES ? ` Without a token, ${MAX_ANONYMOUS_BYTES} bytes are allowed.` : ''),
    413,
  );
}

/**
 * Parses a body of JSON.
 * @param isAccepted whether the billing API has accepted the request's token.
 * @throws GraphQLError `BAD_REQUEST` where it is not a JSON object, or holds several operations.
 */
export function parseBody(body: Buffer, isAccepted: boolean): unknown {
  if (body.length === 0) throw badRequest('The request body is empty; it must be a JSON object with a "query".');
  if (body.length > MAX_SMALL_BYTES && body.length <= LARGE_JSON_BYTES) assertShape(body);
  if (body.length > LARGE_JSON_BYTES && !isAccepted) assertFewValues(body);
  const decoded = body.toString('utf8');
  // Some clients, such as older ones of Windows, mark UTF-8 by a byte order mark. A parser may ignore it (RFC 8259, section 8.1).
  const text = decoded.charCodeAt(0) === BYTE_ORDER_MARK ? decoded.slice(1) : decoded;
  // What stands in the place of bytes that are not UTF-8 (RFC 8259, section 8.1) would be another id than the one that was sent.
  if (text.includes('\ufffd') && !isUtf8(body)) throw badRequest('The request body is not encoded in UTF-8.');
  const parsed = body.length > LARGE_JSON_BYTES ? parseLarge(text, body.length) : parseJson(text, parseRequestJson);
  if (parsed === undefined) throw badRequest('The request body is not JSON.');
  if (Array.isArray(parsed))
    throw badRequest('A request holds one operation: send several operations as several requests, or put their fields into one.');
  if (typeof parsed === 'string') throw badRequest(`${NO_OBJECT} It is a text: encode the object once, not twice.`);
  if (!isRecord(parsed)) throw badRequest(NO_OBJECT);
  return parsed;
}

function assertFewValues(body: Buffer): void {
  const most = maxUnprovenValues(body.length);
  if (!hasMoreValues(body, most)) return;
  throw badRequest(
    `The JSON of the request body has more than ${most} values in ${body.length} bytes. No more are allowed until the billing API has ` +
      `accepted the token: execute a smaller operation with it first, or split this one.`,
  );
}

function assertShape(body: Buffer): void {
  const most = largestShapeOf(body.length);
  if (exceedsShape(body, most)) throw toShapeError(most, body.length);
}

function toShapeError(most: JsonShape, bytes: number): GraphQLError {
  return badRequest(
    `The JSON of the request body is nested more than ${most.depth} levels deep, has more than ${most.containers} objects and ` +
      `lists in ${bytes} bytes, or objects with more than ${MAX_SHAPES} different names, or ${MAX_NUMERIC_NAMES} that begin with a digit. ` +
      `No variable needs that.`,
  );
}

/** The value of a large JSON text; undefined where it is not JSON. */
function parseLarge(text: string, bytes: number): unknown {
  const most = largestShapeOf(bytes);
  try {
    return parseLargeJson(text, most);
  } catch (error) {
    if (error instanceof ExcessiveJson) throw toShapeError(most, bytes);
    if (error instanceof PrototypeName) throw badRequest(NO_PROTOTYPE_NAMES);
    return undefined;
  }
}

/**
 * Parses a URL's search, the part behind the first question mark; null where it could be read in two ways, or not at all.
 * @param queries documents that need not be decoded again.
 * @throws GraphQLError `BAD_REQUEST` where JSON in it has names that reach for a prototype.
 */
export function parseSearch(url: string, queries?: RecurringQueries): Readonly<Record<string, unknown>> | null {
  const members: Record<string, unknown> = {};
  const start = url.indexOf('?');
  if (start < 0) return members;
  for (const pair of url.slice(start + 1).split('&')) {
    const at = pair.indexOf('=');
    const name = decodeSearch(at < 0 ? pair : pair.slice(0, at));
    if (!PARAMETERS.has(name)) continue;
    if (name in members) return null;
    const encoded = at < 0 ? '' : pair.slice(at + 1);
    const value = (name === 'query' && queries?.find(encoded)) || decodeSearch(encoded);
    members[name] = value !== '' && (name === 'variables' || name === 'extensions') ? parseJson(value, parseVariables) : value;
    if (members[name] === undefined) return null;
  }
  return members;
}

const PARAMETERS: ReadonlySet<string> = new Set(['query', 'documentId', 'operationName', 'variables', 'extensions']);

/** The request that was parsed; null where a member is not of its type, or none names the document. */
export function toGraphqlRequest(parsed: unknown): GraphqlRequest | null {
  if (!isRecord(parsed)) return null;
  const { query, documentId, operationName, variables, extensions } = parsed;
  if (query ? typeof query !== 'string' : documentId === undefined && isAbsent(extensions)) return null;
  if (!isAbsent(operationName) && typeof operationName !== 'string') return null;
  if (!isAbsent(variables) && !isRecord(variables)) return null;
  if (!isAbsent(extensions) && !isRecord(extensions)) return null;
  return {
    query: (query as string | null | undefined) || undefined,
    documentId,
    operationName: isAbsent(operationName) ? undefined : operationName,
    variables: isAbsent(variables) ? NO_VARIABLES : variables,
    extensions: isAbsent(extensions) ? undefined : extensions,
  };
}

const BYTE_ORDER_MARK = 0xfeff;
const NO_VARIABLES: Variables = {};
const NOT_JSON = 'The request body must be JSON: send the header "Content-Type: application/json".';
const NO_WEB_SOCKET =
  'There is no WebSocket: the schema has queries only, and no subscription. Send a query by POST, with the header "Content-Type: ' +
  'application/json".';
const NO_PROTOTYPE_NAMES =
  'The JSON of a request must have no member called "__proto__", and none called "constructor" with a "prototype" in it.';
const NO_OBJECT = 'The request body must be a JSON object with a "query".';

function isJson(contentType: string | undefined): boolean {
  return contentType === 'application/json' || (contentType !== undefined && essenceOf(contentType) === 'application/json');
}

function isText(contentType: string): boolean {
  return essenceOf(contentType) === 'text/plain';
}

/** A media type without its parameters. A charset changes nothing: JSON is UTF-8 (RFC 8259, section 8.1). */
const essenceOf = rememberRecent((contentType) => (contentType.split(';', 1)[0] as string).trim().toLowerCase());

/**
 * The value of a JSON text; undefined where it is not JSON.
 * @throws GraphQLError `BAD_REQUEST` where it has names that reach for a prototype.
 */
function parseJson(text: string, parse: (text: string) => unknown): unknown {
  let parsed: unknown;
  try {
    parsed = parse(text);
  } catch {
    return undefined;
  }
  if (mayReachForPrototype(text) && reachesForPrototype(parsed)) throw badRequest(NO_PROTOTYPE_NAMES);
  return parsed;
}

/** Decodes a part of a search (URL Standard, "application/x-www-form-urlencoded parsing"). */
export function decodeSearch(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Bytes that are no UTF-8 become replacement characters.
    return new URLSearchParams(`x=${text}`).get('x') ?? '';
  }
}

/** Whether a member counts as absent. Some clients send fields that the user left empty as null or as an empty string. */
function isAbsent(value: unknown): value is null | undefined | '' {
  return value === undefined || value === null || value === '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The error of a request that GraphQL never sees. */
export function badRequest(message: string, status = 400, headers: readonly (readonly [string, string])[] = []): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status, headers: new Map(headers) } } });
}
