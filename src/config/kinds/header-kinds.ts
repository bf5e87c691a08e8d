import { file, refine, TEXT } from './kinds';
import { REFUSED, type Kind } from './setting';

// RFC 9110, sections 5.1 and 5.5.
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const VALUE = /^[\x20-\x7e]+$/;
/** RFC 9110, section 7.6.1, and what frames a message: these concern one connection, and are the gateway's own. */
const HOP_BY_HOP = /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-.*|proxy-.*|http2-settings)$/;
/** Headers that the gateway makes itself: the caller's token, the host, the trace, the form of the response. */
const OWN = /^(authorization|host|accept|accept-encoding|user-agent|traceparent|tracestate|range|if-.*)$/;

/** Why a header of this name is never sent to the billing API by a setting; null where it may be. */
function refusalOf(name: string): string | null {
  if (!NAME.test(name)) return 'is not the name of a header';
  if (HOP_BY_HOP.test(name)) return 'concerns a single connection (hop-by-hop) and is never forwarded';
  if (name === 'cookie') return 'would give cookies of the gateway’s site to the billing API';
  return OWN.test(name) ? 'is made by the gateway itself' : null;
}

/** The text of a header's value. */
export const HEADER_VALUE = refine(TEXT, 'a text of printable ASCII characters', (text) => VALUE.test(text));

/** Names of headers, separated by commas; in lower case. */
export const HEADER_NAMES: Kind<readonly string[], readonly string[]> = {
  form: 'names of headers separated by commas, none of them cookie, host, authorization or hop-by-hop',
  absent: [],
  parse: (text) => {
    const names = toNames(text);
    return names.every((name) => refusalOf(name) === null) ? [...new Set(names)] : REFUSED;
  },
  explain: (text) => {
    const bad = toNames(text).find((name) => refusalOf(name) !== null) ?? '';
    return `: "${bad}" ${refusalOf(bad) ?? ''}`;
  },
};

/** The name of one header, in lower case. */
export const HEADER_NAME: Kind<string> = {
  form: 'the name of a header',
  absent: null,
  parse: (text) => (refusalOf(text.toLowerCase()) === null ? text.toLowerCase() : REFUSED),
  explain: (text) => `: "${text}" ${refusalOf(text.toLowerCase()) ?? ''}`,
};

/** A file of `name: value` lines. The values may be secrets: no message quotes them. */
export const HEADERS_FILE = file('the path of a file with a header in each line, as in "x-api-key: value"', parseHeaders);

/** Names and values in turn. @throws Error that names the line, and never quotes it. */
function parseHeaders(content: string): readonly string[] {
  const headers = content.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const refusal = colon < 0 ? 'is not of the form "name: value"' : refusalOf(name);
    if (refusal !== null) throw new Error(`line ${index + 1} ${colon < 0 || !NAME.test(name) ? refusal : `(${name}) ${refusal}`}`);
    if (!VALUE.test(value)) throw new Error(`line ${index + 1} (${name}) has no value, or one with other than printable ASCII characters`);
    return [name, value];
  });
  // Such as a secret that was not mounted: every call would be refused, and nothing would say why.
  if (headers.length === 0) throw new Error('it has no header');
  return headers;
}

function toNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}
