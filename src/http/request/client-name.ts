import type { IncomingHttpHeaders } from 'node:http';
import type { ClientName } from '../../telemetry/observers/operation-observer';
import { disclosesToken } from '../../telemetry/redaction/contains-token';
import { headerOf } from './header-of';

/** What may be written down as it is, in logs and in labels of metrics. */
const ACCEPTED = /^[A-Za-z0-9 @/._:+-]{1,64}$/;
/** Longer runs of digits may be somebody's identifier. */
const IDENTIFIER = /\d{5}/;

/** The client that a request's headers name, as Apollo's clients do ("client awareness"); null where they name none. */
export function toNamedClient(headers: IncomingHttpHeaders): ClientName | null {
  const name = headerOf(headers, 'apollographql-client-name');
  return name === undefined ? null : toClientName(name, headerOf(headers, 'apollographql-client-version'), headers);
}

/** The library that a request's extensions name, as Apollo Client 4 does; null where they name none. */
export function toClientLibrary(
  extensions: Readonly<Record<string, unknown>> | undefined,
  headers: IncomingHttpHeaders,
): ClientName | null {
  const library = extensions?.['clientLibrary'];
  if (typeof library !== 'object' || library === null) return null;
  const { name, version } = library as { readonly name?: unknown; readonly version?: unknown };
  return toClientName(name, version, headers);
}

/** Null for a name that must not be disclosed: the header may hold anything. */
function toClientName(name: unknown, version: unknown, headers: IncomingHttpHeaders): ClientName | null {
  return isTellable(name, headers) ? { name, version: isTellable(version, headers) ? version : null } : null;
}

function isTellable(text: unknown, headers: IncomingHttpHeaders): text is string {
  return (
    typeof text === 'string' && ACCEPTED.test(text) && !IDENTIFIER.test(text) && !disclosesToken(text, headerOf(headers, 'authorization'))
  );
}
