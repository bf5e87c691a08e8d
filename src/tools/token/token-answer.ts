/** What a token endpoint answered, with nothing in it that must not be printed. */
export interface TokenAnswer {
  readonly status: number;
  /** The members of the JSON object; null where the body is none. */
  readonly members: Readonly<Record<string, unknown>> | null;
  /** What came, in words: `text/html`, or "an empty body". */
  readonly contentType: string;
  /** The error's code and description, ready to print; null where there are none. */
  readonly error: string | null;
  readonly description: string | null;
  /** Where a redirect leads, without its query; null where there is none. */
  readonly location: string | null;
}

/** An HTTP answer as it came. */
export interface RawTokenAnswer {
  readonly status: number;
  readonly contentType: string | null;
  readonly location: string | null;
  readonly text: string;
}

const MAX_PRINTED = 300;

/** Reads an answer. A server may repeat what it was sent, so the secret is taken out of all that is for printing. */
export function readTokenAnswer({ status, contentType, location, text }: RawTokenAnswer, secret: string): TokenAnswer {
  const members = parseObject(text);
  const { error, description } = members ? findError(members) : NO_ERROR;
  const target = location !== null && URL.canParse(location) ? new URL(location) : null;
  return {
    status,
    members,
    contentType: text === '' ? 'an empty body' : (toPrintable(contentType?.split(';', 1)[0], secret) ?? 'a body without a type'),
    error: toPrintable(error, secret),
    description: toPrintable(description, secret),
    location: target && toPrintable(`${target.origin}${target.pathname}`, secret),
  };
}

const NO_ERROR = { error: undefined, description: undefined };

/** RFC 6749 section 5.2, or one of the two forms of Apigee, whose addresses look like the contract's. */
function findError(members: Readonly<Record<string, unknown>>): { error: unknown; description: unknown } {
  const fault = asObject(members['fault']);
  if (fault) return { error: asObject(fault['detail'])?.['errorcode'], description: fault['faultstring'] };
  if ('ErrorCode' in members) return { error: members['ErrorCode'], description: members['Error'] };
  return { error: members['error'], description: members['error_description'] };
}

/** One line of text, without characters that a terminal would act on. */
function toPrintable(value: unknown, secret: string): string | null {
  if (typeof value !== 'string') return null;
  let text = value;
  for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) text = text.replaceAll(form, '[secret]');
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  if (line === '') return null;
  return line.length > MAX_PRINTED ? `${line.slice(0, MAX_PRINTED)}…` : line;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}
