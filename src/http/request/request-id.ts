import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { disclosesToken } from '../../telemetry/redaction/contains-token';
import { headerOf } from './header-of';

// What a caller may choose: enough for UUIDs, ULIDs and trace ids, nothing that could forge a log line or a header.
const ACCEPTED = /^[A-Za-z0-9._:-]{1,128}$/;
// JSON in base64url, which every signed token begins with.
const TOKEN = /^eyJ/;

const processPart = randomBytes(6).toString('hex');
let count = 0;

/**
 * The id that joins a request's log lines: the caller's own `x-request-id` where it is usable, a new one otherwise. One
 * that would tell the caller's token, in the answer and in the log, is not usable.
 */
export function toRequestId(headers: IncomingHttpHeaders): string {
  const header = headerOf(headers, 'x-request-id');
  if (header !== undefined && ACCEPTED.test(header) && !TOKEN.test(header) && !disclosesToken(header, headerOf(headers, 'authorization')))
    return header;
  return `${processPart}-${(++count).toString(36)}`;
}
