import { stringify } from 'yaml';
import { CONTRACT_REQUEST } from '../../upstream/bills/bills-path';
import { parseDialect } from '../../upstream/bills/dialect';
import { ProbeFailure } from './ask-api';
import { countInvoices, toInvoiceTexts, isObject, type Exchange } from './exchange';
import { findMaximum, findPaging, type FoundMaximum, type FoundPaging } from './paging';
import type { ProbeHints } from './probe-options';
import type { Interview } from './questions';
import { findErrorMessage, findShape, type FoundShape } from './shape';

/** What was found about one thing: as the contract has it, different, or not known. */
interface Row {
  readonly verdict: 'same' | 'DIFFERS' | 'unknown';
  readonly subject: string;
  readonly text: string;
}

/** The report of a probe. */
export interface ProbeReport {
  /** For people: what was found, and the settings. */
  readonly text: string;
  /** Settings of the gateway, by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** The dialect file; null where none is needed. */
  readonly dialect: string | null;
}

/** Where the report says that the dialect file is. */
const DIALECT_FILE = 'billing-dialect.yaml';
const CONTRACT_MAXIMUM = 1000;
const UNKNOWN_FIT = 'Whether the default settings fit is not known: see above, and choose a contract with more invoices.';

/** Compares what an API sent with the contract. The report holds no value of a member, no id and no token. */
export function toReport({ parameters, exchanges }: Interview, hints: ProbeHints): ProbeReport {
  const paging = findPaging(exchanges);
  // Where there are no invoices, any response is as good as another.
  const isEmpty = exchanges.every((exchange) => countInvoices(exchange) === 0);
  const maximum: FoundMaximum = isEmpty ? { quantity: null, beyond: 'unknown', isExact: false } : findMaximum(exchanges);
  const shape = findShape(exchanges, hints.statusValues);
  const contractNumber = findContractNumber(exchanges);
  const errorMessage = findErrorMessage(exchanges);
  const file = {
    ...(hasOtherNames(parameters, contractNumber) && {
      parameters: { ...parameters, ...(contractNumber === 'not taken' && { contractNumber: null }) },
    }),
    ...(Object.keys(hints.extraParameters).length > 0 && { extraParameters: hints.extraParameters }),
    ...(Object.keys(shape.members).length > 0 && { members: shape.members }),
    ...(Object.keys(hints.statusValues).length > 0 && { statusValues: hints.statusValues }),
    ...(errorMessage !== null && errorMessage !== 'error.message' && { errorMessage }),
  };
  const found = paging.mode !== null && paging.base !== null ? { mode: paging.mode, base: paging.base } : null;
  // The settings have no base for offsets, and a dialect file is best whole.
  const inFile = Object.keys(file).length > 0 || (found?.mode === 'offset' && found.base === 1);
  const dialect = inFile ? stringify({ ...(found && { paging: found }), ...file }, { lineWidth: 0 }) : null;
  if (dialect !== null) checkDialect(dialect);
  const settings = {
    ...(!inFile && found?.mode === 'page' && { BILLING_API_PAGING: 'page', BILLING_API_PAGE_BASE: String(found.base) }),
    ...(maximum.quantity !== null && isBelowDefault(maximum) && { BILLING_API_MAX_QUANTITY: String(maximum.quantity) }),
    ...(inFile && { BILLING_API_DIALECT: DIALECT_FILE }),
  };
  const rows: readonly Row[] = [
    isEmpty ? { verdict: 'unknown', subject: 'parameters', text: 'no invoice was seen' } : toParametersRow(parameters, hints),
    toPagingRow(paging),
    toMaximumRow(maximum),
    toContractNumberRow(contractNumber),
    toMissingRow('unknown contract', exchanges, ({ question }) => question.contract === 'unknown'),
    toMissingRow('unknown customer', exchanges, ({ question }) => question.customer === 'unknown'),
    toErrorRow(errorMessage),
    ...toShapeRows(shape),
  ];
  return {
    text: toText(rows, settings, { dialect, responses: exchanges.length, isKnown: found !== null && maximum.quantity !== null }),
    settings,
    dialect,
  };
}

/** Throws a `ProbeFailure` where the gateway would refuse the file: a name that was given may not be usable. */
function checkDialect(dialect: string): void {
  try {
    parseDialect(dialect);
  } catch (error) {
    throw new ProbeFailure(`The gateway would refuse the dialect file that fits: ${(error as Error).message}.`);
  }
}

/** Whether a maximum was found that needs the setting. */
function isBelowDefault({ quantity, isExact, beyond }: FoundMaximum): boolean {
  return quantity !== null && quantity < CONTRACT_MAXIMUM && (isExact || beyond === 'refused');
}

function hasOtherNames(parameters: Interview['parameters'], contractNumber: ContractNumber): boolean {
  const { pageInit, quantity } = CONTRACT_REQUEST.parameters;
  return contractNumber === 'not taken' || parameters.pageInit !== pageInit || parameters.quantity !== quantity;
}

type ContractNumber = 'required' | 'optional' | 'not taken' | 'unknown';

function findContractNumber(exchanges: readonly Exchange[]): ContractNumber {
  const windows = exchanges.filter(({ question, status }) => question.customer === 'given' && question.place === null && status !== 429);
  const of = (contract: string) => windows.find(({ question }) => question.contract === contract && question.quantity === 2);
  const [given, none, unknown] = [of('given'), of('none'), of('unknown')];
  if (!given) return none?.status === 200 ? 'not taken' : 'unknown';
  const invoices = JSON.stringify(toInvoiceTexts(given));
  // Another contract's number brings the same invoices: the parameter is not looked at.
  if (unknown?.status === 200 && invoices.length > 4 && JSON.stringify(toInvoiceTexts(unknown)) === invoices) return 'not taken';
  if (!none) return 'unknown';
  if (none.status === 200) return countInvoices(none) > 0 ? 'optional' : 'unknown';
  return none.status === 400 || none.status === 422 ? 'required' : 'unknown';
}

function toParametersRow({ pageInit, quantity }: Interview['parameters'], { extraParameters }: ProbeHints): Row {
  const extra = Object.keys(extraParameters);
  const same = pageInit === 'pageInit' && quantity === 'quantity' && extra.length === 0;
  return { verdict: same ? 'same' : 'DIFFERS', subject: 'parameters', text: [pageInit, quantity, ...extra].join(', ') };
}

function toPagingRow({ mode, base }: FoundPaging): Row {
  if (mode === null || base === null)
    return { verdict: 'unknown', subject: 'paging', text: 'choose a contract with at least five invoices' };
  const what = mode === 'offset' ? 'invoices' : 'pages';
  return {
    verdict: mode === 'offset' && base === 0 ? 'same' : 'DIFFERS',
    subject: 'paging',
    text: `counts ${what}; the first one is ${base}`,
  };
}

function toMaximumRow({ quantity, beyond, isExact }: FoundMaximum): Row {
  const subject = 'maximum';
  if (quantity === null) return { verdict: 'unknown', subject, text: 'no call for more than two invoices was served' };
  if (beyond === 'cut')
    return { verdict: 'DIFFERS', subject, text: `${quantity} invoices in one call; a call for more is cut without a word` };
  if (beyond === 'unknown')
    return { verdict: quantity > CONTRACT_MAXIMUM ? 'same' : 'unknown', subject, text: `${quantity} or more invoices in one call` };
  const text = `${isExact ? '' : 'at least '}${quantity} invoices in one call; more are refused`;
  return { verdict: quantity >= CONTRACT_MAXIMUM ? 'same' : 'DIFFERS', subject, text };
}

function toContractNumberRow(found: ContractNumber): Row {
  const verdicts = { required: 'same', optional: 'DIFFERS', 'not taken': 'DIFFERS', unknown: 'unknown' } as const;
  const texts = {
    required: 'required',
    optional: "optional: without it, the API sends all of the customer's invoices",
    'not taken': "not taken: the API sends all of the customer's contracts",
    unknown: 'no invoices came without one, or it was not asked for',
  };
  return { verdict: verdicts[found], subject: 'contract number', text: texts[found] };
}

function toMissingRow(subject: string, exchanges: readonly Exchange[], isAbout: (exchange: Exchange) => boolean): Row {
  const exchange = exchanges.find(isAbout);
  if (!exchange) return { verdict: 'unknown', subject, text: 'it was not asked for' };
  const { status, text, json } = exchange;
  const error = isObject(json) && 'error' in json;
  const body =
    text === '' ? 'an empty body' : error ? 'an errorBody' : json === undefined ? 'a body that is not JSON' : 'JSON that is no errorBody';
  return { verdict: status === 404 && (error || text === '') ? 'same' : 'DIFFERS', subject, text: `${status} with ${body}` };
}

function toErrorRow(path: string | null): Row {
  const verdict = path === null ? 'unknown' : path === 'error.message' ? 'same' : 'DIFFERS';
  return { verdict, subject: 'error message', text: path ?? 'no error with a message was seen' };
}

function toShapeRows({ isList, differences, unknownStatusTexts }: FoundShape): Row[] {
  const shape = isList ? 'a list of contracts, which needs no setting' : 'one contract';
  return [
    { verdict: isList ? 'DIFFERS' : 'same', subject: 'response', text: shape },
    ...(differences.length === 0 ? [{ verdict: 'same', subject: 'members', text: 'names and types' } as const] : []),
    ...differences.map((text): Row => ({ verdict: /not seen|was seen/.test(text) ? 'unknown' : 'DIFFERS', subject: 'members', text })),
    ...((unknownStatusTexts ?? 0) === 0
      ? []
      : [
          {
            verdict: 'DIFFERS',
            subject: 'status',
            text: `${unknownStatusTexts} unknown texts: say with --status what each stands for`,
          } as const,
        ]),
  ];
}

function toText(
  rows: readonly Row[],
  settings: ProbeReport['settings'],
  { dialect, responses, isKnown }: { readonly dialect: string | null; readonly responses: number; readonly isKnown: boolean },
): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return [
    `${responses} responses compared with the contract:`,
    '',
    ...rows.map(({ verdict, subject, text }) => `${verdict.padEnd(8)} ${subject.padEnd(17)} ${text}`),
    '',
    ...(lines.length === 0 ? [isKnown ? 'The default settings fit.' : UNKNOWN_FIT] : ['Settings that fit:', '', ...lines]),
    ...(dialect === null ? [] : ['', `${DIALECT_FILE}:`, '', dialect.trimEnd()]),
  ].join('\n');
}
