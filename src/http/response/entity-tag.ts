import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../billing/model/caller';
import { mayBeStored } from '../../graphql/server/cache-policy';
import { monotonicMs } from '../../runtime/clock';
import { headerOf } from '../request/header-of';
import type { Completed } from './completed';

const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/** What the tag depends on of a request. */
interface Requester {
  readonly request: Pick<IncomingMessage, 'headers'>;
  readonly caller: Caller | null;
}

/**
 * Adds the entity tag to a response that a client's cache may keep (RFC 9110, section 8.8.3), or puts a 304 without a body
 * in its place, where `If-None-Match` says that the client has it (section 13.1.2). Other responses stay as they are: only
 * what may be kept can be kept up to date.
 */
export function validate({ request, caller }: Requester, completed: Completed): Completed {
  const { status, headers, derived, freshness } = completed;
  if (status !== 200 || !caller || !mayBeStored(freshness, monotonicMs())) return completed;
  const make = (): string => toEntityTag(completed, caller.identity);
  const tag = derived ? derived.entityTag(make) : make();
  const tagged = { ...completed, headers: [...headers, 'etag', tag] };
  const known = headerOf(request.headers, 'if-none-match');
  return known !== undefined && matches(known, tag) ? { ...tagged, status: 304, body: '' } : tagged;
}

/**
 * The tag of a response: the same from every process. It is weak, since all codings of a body share it, and it depends on
 * the caller, so that nobody who sees a tag can try out what is in a bill.
 */
function toEntityTag({ body, mediaType }: Completed, identity: string): string {
  // A text has one character a byte.
  const ofBody = hash('sha256', typeof body === 'string' ? Buffer.from(body, 'latin1') : body, 'base64url');
  return `W/"${hash('sha256', `${ofBody}\n${mediaType}\n${identity}`, 'base64url').slice(0, 22)}"`;
}

/** Whether a value of `If-None-Match` names the tag, by the weak comparison (RFC 9110, section 8.8.3.2). */
function matches(known: string, tag: string): boolean {
  if (known.trim() === '*') return true;
  for (const [, opaque] of known.matchAll(ENTITY_TAG)) if (`W/${opaque}` === tag) return true;
  return false;
}
