import { ProbeFailure, type Ask } from './ask-api';
import { countInvoices, findLists, toContracts, toExchange, type Exchange, type JsonObject, type Question } from './exchange';
import { findPaging, isPlaceIgnored } from './paging';
import type { WindowParameters } from './probe-options';

/** Everything that was asked, and the names with which it was understood. */
export interface Interview {
  readonly parameters: WindowParameters;
  readonly exchanges: readonly Exchange[];
}

/** Names of the place and of the quantity: the contract's, then those of other APIs. */
export const USUAL_PARAMETERS: readonly WindowParameters[] = [
  { pageInit: 'pageInit', quantity: 'quantity' },
  { pageInit: 'offset', quantity: 'limit' },
  { pageInit: 'page', quantity: 'size' },
];
/** Asked for where the contract's own 1,000 (the gateway's default) are refused without saying how many may be. */
const USUAL_MAXIMUMS: readonly number[] = [500, 200, 100, 50, 20, 10];
const DEFAULT_MAXIMUM = 1000;

/** Asks the questions, one after the other. Rejects with a `ProbeFailure` where the API cannot be understood. */
export async function interview(ask: Ask, names: WindowParameters | null): Promise<Interview> {
  let problem = '';
  let ignored: string | null = null;
  for (const parameters of names ? [names] : USUAL_PARAMETERS) {
    for (const contract of ['given', 'none'] as const) {
      const conversation = new Conversation(ask, parameters, contract);
      const first = await conversation.say({ place: 1, quantity: 2 });
      problem = findProblem(first) ?? problem;
      if (first.status !== 200 || findOther(first) !== null || countInvoices(first) > 2) continue;
      await conversation.say({ place: 0, quantity: 2 });
      await conversation.say({ place: 2, quantity: 2 });
      if (isPlaceIgnored(conversation.exchanges)) {
        ignored ??= `${parameters.pageInit} changes nothing.`;
        continue;
      }
      await conversation.say({ place: null, quantity: 2 });
      await findMost(conversation);
      if (contract === 'given') {
        await conversation.say({ place: null, quantity: 2, contract: 'none' });
        await conversation.say({ place: null, quantity: 2, contract: 'unknown' });
      }
      await conversation.say({ place: null, quantity: 2, customer: 'unknown' });
      return { parameters, exchanges: conversation.exchanges };
    }
  }
  throw new ProbeFailure(
    `No names of parameters were found with which the API sends two invoices. ${ignored ?? problem} Name them with ` +
      `--parameters, and what else it needs with --extra.`,
  );
}

/** Why the first question was not answered. Throws where no other question would be. */
function findProblem(exchange: Exchange): string | null {
  const { status } = exchange;
  switch (status) {
    case 200:
      return findOther(exchange) ?? 'It sent more invoices than were asked for.';
    case 401:
      throw new ProbeFailure('The billing API refuses the token (401): it has expired, is of another environment, or lacks a scope.');
    case 403:
      throw new ProbeFailure('The token may not read the bills of this customer (403).');
    case 404:
      throw new ProbeFailure('The billing API knows no such customer or contract (404), or BILLING_API_URL lacks a part of the path.');
    case 429:
      throw new ProbeFailure('The billing API takes no more requests of this client for now (429).');
    default:
      if (status >= 500 || status < 400) throw new ProbeFailure(`The billing API responded with ${status} to a question for two invoices.`);
      return `It responded with ${status}.`;
  }
}

/** Members of a contract, of which a contract without lists has one. */
const CONTRACT_MEMBER = /contract|account|due_?date|address|invoice/i;

/** What a response of status 200 is instead of bills, such as the page of a login, or an error; null where it may be bills. */
function findOther({ json }: Exchange): string | null {
  if (json === undefined)
    return 'It sent a body with status 200 that is not JSON, such as the page of a login, a proxy or a firewall: check BILLING_API_URL and the token.';
  const contracts = toContracts(json);
  if (contracts.length === 0 && !(Array.isArray(json) && json.length === 0))
    return 'It sent JSON with status 200 that is neither a contract nor a list of contracts.';
  if (contracts.some(reportsError)) return 'It reports an error with status 200: check the token, the customer and the contract.';
  if (!contracts.some(isOther)) return null;
  return 'It sent an object with status 200 that has no list of invoices and no number of a contract; the gateway has no setting for an envelope.';
}

const reportsError = (contract: JsonObject): boolean =>
  Object.entries(contract).some(([name, value]) => Boolean(value) && /^(?:errors?|faults?|error_?message)$/i.test(name));

const isOther = (contract: JsonObject): boolean => {
  const names = Object.keys(contract);
  return names.length > 0 && findLists(contract).invoices === null && !names.some((name) => CONTRACT_MEMBER.test(name));
};

/** Questions with the same names of parameters. */
class Conversation {
  readonly exchanges: Exchange[] = [];

  constructor(
    private readonly ask: Ask,
    private readonly parameters: WindowParameters,
    private readonly contract: 'given' | 'none',
  ) {}

  async say(asked: Partial<Question>): Promise<Exchange> {
    const question: Question = { place: null, quantity: null, contract: this.contract, customer: 'given', ...asked };
    const exchange = toExchange(question, await this.ask(question, this.parameters));
    if (exchange.status === 429) throw new ProbeFailure('The billing API takes no more requests of this client for now (429).');
    this.exchanges.push(exchange);
    return exchange;
  }
}

/** Asks for as many invoices as the gateway does by default, and for one more; and for fewer where that is too much. */
async function findMost(conversation: Conversation): Promise<void> {
  const { mode, base } = findPaging(conversation.exchanges);
  const place = base ?? 1;
  const many = await conversation.say({ place, quantity: DEFAULT_MAXIMUM });
  if (many.status === 200) {
    const count = countInvoices(many);
    // Fewer than asked for: are they all, or has the API cut the list?
    if (count > 2 && count < DEFAULT_MAXIMUM) {
      const next = await conversation.say({ place: place + (mode === 'page' ? 1 : count), quantity: count });
      if (next.status === 200 && countInvoices(next) > 0) return;
    }
    await conversation.say({ place, quantity: DEFAULT_MAXIMUM + 1 });
    return;
  }
  // A message such as "quantity must not be more than 50": the number is tried, and never printed unless it is right.
  const told = [...many.text.matchAll(/(?<!\d)\d{1,3}(?!\d)/g)]
    .map(([digits]) => Number(digits))
    .filter((number) => number > 2 && number !== many.status);
  for (const quantity of [...new Set([...told.slice(0, 2), ...USUAL_MAXIMUMS])]) {
    const fewer = await conversation.say({ place, quantity });
    if (fewer.status !== 200) continue;
    const more = await conversation.say({ place, quantity: quantity + 1 });
    // A number of the message that is not the maximum was about something else.
    if (more.status !== 200 || USUAL_MAXIMUMS.includes(quantity)) return;
  }
}
