import { randomBytes } from 'node:crypto';

// What a caller may choose: enough for UUIDs, ULIDs and trace ids, nothing that could forge a log line or a header.
const ACCEPTED = /^[A-Za-z0-9._:-]{1,128}$/;

const processPart = randomBytes(6).toString('hex');
let count = 0;

/** The id that joins a request's log lines: the caller's own `x-request-id` where it is usable, a new one otherwise. */
export function toRequestId(header: string | string[] | undefined): string {
  if (typeof header === 'string' && ACCEPTED.test(header)) return header;
  return `${processPart}-${(++count).toString(36)}`;
}
