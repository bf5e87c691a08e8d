import { BillingError, invalidArgument } from './billing-error';
import { parseContractNumber, parseCustomer, type Customer } from './customer';

// An id that stands alone, in base64url: the type, and what names the thing. None of the parts can hold a ":" (see customer.ts).
// It is not a secret and grants nothing: access depends on the token alone.

/** A contract by all that names it. */
export interface ContractName {
  readonly customer: Customer;
  readonly number: string;
}

/** The id of a customer, which no other customer or contract has. */
export function toCustomerNodeId({ idType, id }: Customer): string {
  return encode(`Customer:${idType}:${id}`);
}

/** The id of a contract, which no other contract or customer has. */
export function toContractNodeId({ idType, id }: Customer, number: string): string {
  return encode(`Contract:${idType}:${id}:${number}`);
}

/**
 * The customer that an id stands for.
 * @throws BillingError `invalid-input` for anything that `toCustomerNodeId` did not make.
 */
export function parseCustomerNodeId(nodeId: unknown): Customer {
  return parse(nodeId, 'Customer', ([idType, id]) => {
    const customer = parseCustomer(idType, id);
    return { value: customer, made: toCustomerNodeId(customer) };
  });
}

/**
 * The contract that an id stands for.
 * @throws BillingError `invalid-input` for anything that `toContractNodeId` did not make.
 */
export function parseContractNodeId(nodeId: unknown): ContractName {
  return parse(nodeId, 'Contract', ([idType, id, number]) => {
    const name: ContractName = { customer: parseCustomer(idType, id), number: parseContractNumber(number) };
    return { value: name, made: toContractNodeId(name.customer, name.number) };
  });
}

/** The longest type, kind, and numbers take 84 bytes. */
const MAX_LENGTH = 128;

/** Made again and compared: one thing has one id, byte for byte. */
function parse<T>(nodeId: unknown, type: string, read: (parts: readonly string[]) => { readonly value: T; readonly made: string }): T {
  try {
    if (typeof nodeId === 'string' && nodeId.length <= MAX_LENGTH) {
      const { value, made } = read(Buffer.from(nodeId, 'base64url').toString('latin1').split(':').slice(1));
      if (made === nodeId) return value;
    }
  } catch (error) {
    if (!(error instanceof BillingError)) throw error;
  }
  throw invalidArgument('nodeId', `an id taken from \`${type}.nodeId\``);
}

function encode(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64url');
}
