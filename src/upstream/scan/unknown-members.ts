import { LETTER_F, LETTER_N, OPEN_BRACE, OPEN_BRACKET, QUOTE, skipSpace, ZERO } from './json-bytes';

/** Longer names are ignored, and values are examined up to this length. */
const MAX_NAME_BYTES = 64;
/** Names of members that report an error whatever the HTTP status. They are compared without `-` and `_`. */
const ERROR = toNames(
  '(?:has|is)?(?:errors?|faults?|failed|exceptions?)|(?:error|fault|exception)code|errormessage|faultstring',
  'errores|codigo(?:de)?error',
);
/** Boolean members that tell whether a request succeeded. */
const SUCCESS = /^(?:is|was)?(?:success|successful|succeeded|ok)$/i;
/** Members that give the outcome of a request, as a word or an HTTP status code. */
const OUTCOME = /^(?:(?:http|response)?status(?:code)?|result|outcome|ack(?:nowledge(?:ment)?)?|estado|resultado)$/i;
const FAILED_OUTCOME =
  /^"(?:errors?|fail|failed|failure|fault|fallo|fallid[oa]|ko|nok|not[ _]?ok|(?:[\w ]{1,30}_)?error|[45]\d\d)"$|^[45]\d\d$/i;
/** Messages and codes that describe a failure or a success. If the list is missing, they may be the reason. */
const TOLD = toNames(
  '(?:response|result|return|status)?(?:code|message)|msg|details?|reason',
  '(?:response|result|return|status|error|fault)description',
  '(?:codigo|mensaje|descripcion)(?:de)?(?:respuesta|resultado|error)?',
);
/** HTTP status codes of a failure among them: beside an empty list they give the reason. */
const CODE = /code$|^codigo/i;
const FAILED_CODE = /^"?[45]\d\d"?$/;
const HARMLESS = /^(?:"(?:0+|ok|success|successful|succeeded|2\d\d)"|0|2\d\d)$/i;
/** Possible names of the list of invoices in another version of the API. */
const INVOICES = /invoice|factura|bill(?!ing_?address)/i;
const ADDRESSES = /address|direccion/i;
/** Other spellings of the list's name. */
const INVOICE_LIST = toNames('invoices?(?:collection|list)?');

/** Members that give the severity or type of a message inside an envelope such as `responseHeader`. */
const SEVERITY = /^(?:message)?(?:severity|type|level|kind)$/i;
const GRAVE = /^"(?:errors?|fatal|fault|failure|critical)"$/i;
/** Limits on the envelopes examined; deeper members do not describe the response as a whole. */
const MAX_ENVELOPES = 16;
const MAX_ENVELOPE_BYTES = 16 * 1024;
const MAX_DEPTH = 4;

/** Summary of the members in a response that the API's contract does not define. */
export class UnknownMembers {
  /** The values of members that are lists or objects. */
  readonly #envelopes: Buffer[] = [];
  /** How many there are. */
  count = 0;
  /** Whether there are any. */
  get exist(): boolean {
    return this.count > 0;
  }

  /** Whether one reports an error. */
  reportError = false;
  /** Whether one has a message or code that may describe a failure. */
  tellOfFailure = false;
  /** Whether one has the status code of a failure. */
  haveFailedCode = false;
  /** Whether one is a list or a non-empty object. */
  holdData = false;
  /** Whether one is a non-empty list, or an object that contains a list. */
  holdList = false;
  /** Whether one has a name like that of the invoices, and a value. */
  nameInvoices = false;
  /** Whether one is a non-empty list under another spelling of the list's name. */
  holdInvoices = false;
  /** Whether one has a name like that of the addresses, and is a list or a non-empty object. */
  nameAddresses = false;

  /** Records a member, given the start positions of its name and value and the position after the value. */
  add(bytes: Buffer, { name, value, end }: { readonly name: number; readonly value: number; readonly end: number }): void {
    this.count++;
    const first = bytes[value] as number;
    const isNothing = isEmpty(bytes, value, end);
    const isContainer = first === OPEN_BRACKET || first === OPEN_BRACE;
    if (first === OPEN_BRACKET || (first === OPEN_BRACE && !isNothing)) this.holdData = true;
    if (isContainer && !isNothing && this.#envelopes.length < MAX_ENVELOPES) this.#envelopes.push(bytes.subarray(value, end));
    if (isContainer && !isNothing && (first === OPEN_BRACKET || bytes.subarray(value, end).includes(OPEN_BRACKET))) this.holdList = true;
    const quote = bytes.indexOf(QUOTE, name + 1);
    if (quote - name > MAX_NAME_BYTES) return;
    const text = bytes.toString('latin1', name + 1, quote);
    const said = bytes.toString('latin1', value, Math.min(end, value + MAX_NAME_BYTES));
    if (reportsError(text.replace(/[-_]/g, ''), said, isNothing)) this.reportError = true;
    if (isNothing && first !== OPEN_BRACKET) return;
    if (!isContainer && TOLD.test(text.replace(/[-_]/g, '')) && !HARMLESS.test(said)) {
      this.tellOfFailure = true;
      if (CODE.test(text) && FAILED_CODE.test(said)) this.haveFailedCode = true;
    }
    if (INVOICES.test(text)) this.nameInvoices = true;
    if (first === OPEN_BRACKET && !isNothing && INVOICE_LIST.test(text.replace(/[-_]/g, ''))) this.holdInvoices = true;
    if (isContainer && ADDRESSES.test(text)) this.nameAddresses = true;
  }

  /**
   * Whether an envelope, such as `responseHeader`, reports an error at a deeper level, by the rules for top-level members.
   * Beside invoices such an error may be about anything; beside an empty list it may be the reason.
   */
  reportErrorInside(): boolean {
    return this.#envelopes.some(
      (envelope) => envelope.length <= MAX_ENVELOPE_BYTES && reportsErrorInside(JSON.parse(envelope.toString('utf8')), MAX_DEPTH),
    );
  }
}

function reportsErrorInside(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth === 0) return false;
  return Object.entries(value).some(([name, member]: [string, unknown]) => {
    const plainName = name.replace(/[-_]/g, '');
    const said = JSON.stringify(member);
    const saysNothing = /^(?:null|false|0|""|\[\]|\{\})$/.test(said);
    if (reportsError(plainName, said, saysNothing)) return true;
    if (CODE.test(plainName) && TOLD.test(plainName) && FAILED_CODE.test(said)) return true;
    return (SEVERITY.test(plainName) && GRAVE.test(said)) || reportsErrorInside(member, depth - 1);
  });
}

/** Whether a member reports an error. `isNothing`: its value is empty, see `isEmpty`. */
function reportsError(name: string, value: string, isNothing: boolean): boolean {
  if (ERROR.test(name)) return !isNothing && !HARMLESS.test(value) && value !== '"false"';
  if (SUCCESS.test(name)) return value === 'false' || value === '"false"' || value === '0';
  return OUTCOME.test(name) && FAILED_OUTCOME.test(value);
}

/** Whether a value is null, false, 0, or an empty string, list or object. */
function isEmpty(bytes: Buffer, value: number, end: number): boolean {
  switch (bytes[value]) {
    case LETTER_N:
    case LETTER_F:
      return true;
    case ZERO:
      return end === value + 1;
    case QUOTE:
      return end === value + 2;
    case OPEN_BRACE:
    case OPEN_BRACKET:
      return skipSpace(bytes, value + 1) === end - 1;
    default:
      return false;
  }
}

/** Matches whole names, ignoring case. */
function toNames(...patterns: readonly string[]): RegExp {
  return new RegExp(`^(?:${patterns.join('|')})$`, 'i');
}
