import { BillingError } from '../model/billing-error';
import type { Bills, Invoice } from '../model/bills';
import { isContractNumber, type Customer } from '../model/customer';
import type { PageRequest } from '../model/window';
import type { Contract } from './contract';
import type { PageLoader } from './page-loader';

/** The failure where a customer's contracts are asked for without their numbers, and the billing API does not list them. */
export function notListed(): BillingError {
  return new BillingError(
    'invalid-input',
    '`numbers` must be given: the billing API of this gateway does not list the contracts of a customer. Where it does, the ' +
      "gateway's operator says so in the dialect file (BILLING_API_DIALECT, `listsContracts: true`).",
  );
}

/**
 * The contracts that the billing API lists, each with its data from the one response.
 * @param toContract creates a contract whose pages are already loaded.
 */
export async function listContracts(
  loader: PageLoader<Bills, Invoice>,
  customer: Customer,
  pages: readonly PageRequest[],
  toContract: (number: string) => Promise<Contract | null>,
): Promise<readonly (Contract | BillingError | null)[]> {
  const loads = await Promise.all(pages.map((page) => loader.load({ customer, contractNumber: null }, page)));
  const heads = await Promise.allSettled(loads.map((load) => load.head()));
  const [first] = heads;
  if (first?.status !== 'fulfilled') throw first?.reason;
  // No such customer: nothing is listed.
  if (first.value === null) return [];
  const numbers = (first.value.contracts ?? []).map(numberOf);
  const returned = new Map(loads.flatMap((load) => load.returned.map(({ content, window }) => [content, window] as const)));
  for (const [{ contracts: listed = [] }, window] of returned) {
    for (const bills of listed) {
      const number = numberOf(bills);
      // A number that occurs twice is ambiguous: its contract is requested separately.
      if (number === null || listed.filter((other) => numberOf(other) === number).length > 1) continue;
      loader.adopt({ customer, contractNumber: number }, window, bills);
    }
  }
  return Promise.all(numbers.map(async (number) => (number === null ? unnamed() : toContract(number).catch(toFailure))));
}

/** The number of a listed contract: its own, or else that of its first invoice with one. Null where none can be used. */
function numberOf(bills: Bills): string | null {
  try {
    const number = bills.contractNumber ?? bills.invoices.find((invoice) => invoice.contractNumber !== null)?.contractNumber ?? null;
    return number !== null && isContractNumber(number) ? number : null;
  } catch {
    return null;
  }
}

function unnamed(): BillingError {
  return new BillingError('invalid-response', 'The billing API lists a contract without a number that it could be asked for.');
}

function toFailure(error: unknown): BillingError {
  if (error instanceof BillingError) return error;
  throw error;
}
