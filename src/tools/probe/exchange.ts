/** A question: which window of which contract. */
export interface Question {
  /** The value of `pageInit`; null where the parameter is left out. */
  readonly place: number | null;
  readonly quantity: number | null;
  /** The contract that the probe was given, one that does not exist, or no parameter. */
  readonly contract: 'given' | 'unknown' | 'none';
  readonly customer: 'given' | 'unknown';
}

/** A response, as it came. */
export interface ProbeResponse {
  readonly status: number;
  readonly text: string;
}

/** A question and its response. */
export interface Exchange {
  readonly question: Question;
  readonly status: number;
  /** The body without its meaning; searched for numbers, never printed. */
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function toExchange(question: Question, { status, text }: ProbeResponse): Exchange {
  return { question, status, text, json: parseJson(text) };
}

/** The contracts of a body: an object is one, a list may hold several. */
export function toContracts(json: unknown): readonly JsonObject[] {
  return (Array.isArray(json) ? (json as unknown[]) : [json]).filter(isObject);
}

/** Each invoice as a text that can be compared, by contract. */
export function toInvoiceTexts({ json }: Exchange): readonly (readonly string[])[] {
  return toContracts(json).map((contract) => {
    const name = findLists(contract).invoices;
    const list = name === null ? [] : contract[name];
    return (Array.isArray(list) ? list : [list]).map((invoice) => JSON.stringify(invoice));
  });
}

/** The most invoices of one contract. */
export function countInvoices(exchange: Exchange): number {
  return Math.max(0, ...toInvoiceTexts(exchange).map(({ length }) => length));
}

/** Which members of a contract hold its invoices and its addresses; null where none does. */
export function findLists(contract: JsonObject): { readonly invoices: string | null; readonly addresses: string | null } {
  const names = Object.keys(contract).filter((name) => Array.isArray(contract[name]) || isObject(contract[name]));
  const addresses = pick(names, 'billingAddress', /address|direccion/i);
  const others = names.filter((name) => name !== addresses);
  const lists = others.filter((name) => Array.isArray(contract[name]));
  // A single invoice may be sent without its list.
  const candidates = lists.length > 0 ? lists : others;
  return {
    invoices: pick(candidates, 'invoiceCollection', /invoice|factura|bill/i) ?? (lists.length === 1 ? (lists[0] ?? null) : null),
    addresses,
  };
}

function pick(names: readonly string[], contractName: string, like: RegExp): string | null {
  return names.find((name) => name === contractName) ?? names.find((name) => like.test(name)) ?? null;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}
