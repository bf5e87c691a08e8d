import { BillingError } from '../../billing/model/billing-error';
import { parseContractNumber, parseCustomer, parseInvoiceNumber, type Customer } from '../../billing/model/customer';

/** The key of an entity of this subgraph, as `@key` names it, read from a representation. */
export type EntityKey =
  | { readonly type: 'Customer'; readonly customer: Customer }
  | { readonly type: 'Contract'; readonly customer: Customer; readonly number: string }
  | { readonly type: 'Invoice'; readonly customer: Customer; readonly contractNumber: string; readonly number: string };

/**
 * Reads a representation. What it holds besides the key, which routers may send along, is left alone.
 * @throws BillingError `invalid-input` where the type is none of ours, or the key is not of its form.
 */
export function parseEntityKey(representation: unknown): EntityKey {
  const typename = isObject(representation) ? representation['__typename'] : undefined;
  switch (typename) {
    case 'Customer':
      return { type: 'Customer', customer: toCustomer(representation) };
    case 'Contract': {
      const { customer, number } = toObject(representation, 'Contract');
      return { type: 'Contract', customer: toCustomer(customer), number: parseContractNumber(toId(number)) };
    }
    case 'Invoice': {
      const { contract, number } = toObject(representation, 'Invoice');
      const of = toObject(contract, 'contract');
      return {
        type: 'Invoice',
        customer: toCustomer(of['customer']),
        contractNumber: parseContractNumber(toId(of['number']), 'contract.number'),
        number: parseInvoiceNumber(toId(number)),
      };
    }
    default:
      throw new BillingError(
        'invalid-input',
        '`representations` must name, in `__typename`, one of the entities of this subgraph: Contract, Customer or Invoice.',
      );
  }
}

function toCustomer(value: unknown): Customer {
  const key = toObject(value, 'customer');
  return parseCustomer(key['idType'], toId(key['id']));
}

/**
 * The text of an ID. Subgraphs that write an ID as a JSON number are met (GraphQL's input coercion of ID takes whole
 * numbers), but only as far as a number still has its digits: past 2^53 - 1 JSON parsers have rounded it already.
 */
function toId(value: unknown): unknown {
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
}

function toObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new BillingError('invalid-input', `\`${name}\` must be an object with the entity's key fields.`);
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
