import type { Invoice } from './bills-collection';
import type { ContractRecord, LedgerData } from './ledger';

/**
 * The data set that the API serves without a data file: always the same, so that examples and tests may name its
 * customers. Identifiers are invented; what differs between contracts is what a reader of this API must cope with.
 */
export function toSampleData(): LedgerData {
  const distributor = { idType: 'RUC', id: '80012345' };
  const transporter = { idType: 'NIT', id: '1023456021' };
  const person = { idType: 'CPF', id: '11144477735' };
  const farmer = { idType: 'CI', id: '4123456' };
  const newcomer = { idType: 'RUC', id: '80054321' };
  return {
    // Two clients that share one customer and differ in the others: who may read what can be seen from both sides.
    clients: [
      { clientId: 'gateway-demo', clientSecret: 'gateway-demo-secret', mayRead: [distributor, transporter, farmer, newcomer] },
      { clientId: 'portal-demo', clientSecret: 'portal-demo-secret', mayRead: [person, transporter] },
    ],
    customers: [
      { ...distributor, contracts: [fiber(), branches(), unused(), extremes()] },
      { ...transporter, contracts: [fleet()] },
      { ...person, contracts: [home()] },
      { ...farmer, contracts: [bare()] },
      { ...newcomer, contracts: [] },
    ],
  };
}

/** The plain case: three years of monthly invoices, two addresses with accents, one of them with empty members. */
function fiber(): ContractRecord {
  return {
    contractNo: '700100',
    billingAddress: [
      {
        street: 'Avda. Mariscal López 3794',
        neighborhood: 'Villa Morra',
        city: 'Asunción',
        state: 'Distrito Capital',
        country: 'Paraguay',
        zipCode: '001535',
      },
      { street: 'Acceso Sur km 14', neighborhood: '', city: 'Ñemby', state: 'Central', country: 'Paraguay', zipCode: '' },
    ],
    dueDate: '2025-07-15',
    invoiceCollection: toMonthlyInvoices('700100', 36),
  };
}

/** More than 5,000 invoices: 88 branches, each billed every month for five years. */
function branches(): ContractRecord {
  const branchCount = 88;
  const invoiceCollection = Array.from({ length: 60 * branchCount }, (_, index) =>
    toInvoice('700101', index, Math.floor(index / branchCount)),
  );
  return {
    contractNo: '700101',
    billingAddress: [
      { street: 'Ruta Transchaco km 18,5', city: 'Mariano Roque Alonso', state: 'Central', country: 'Paraguay', zipCode: '110604' },
    ],
    dueDate: '2025-07-31',
    invoiceCollection,
  };
}

/** A contract without any invoice. */
function unused(): ContractRecord {
  return { contractNo: '700102', billingAddress: [], dueDate: '', invoiceCollection: [] };
}

/** Amounts that do not fit into 32 bits, nor into a floating-point number, and their edges. */
function extremes(): ContractRecord {
  const amounts = [
    2147483647n,
    2147483648n,
    9007199254740991n,
    9007199254740993n,
    -9007199254740993n,
    123456789012345678901234567890n,
    0n,
    -1n,
  ];
  return {
    contractNo: '700103',
    billingAddress: [{ street: 'Palma 435 c/ 14 de Mayo', city: 'Asunción', country: 'Paraguay' }],
    dueDate: '2025-07-05',
    invoiceCollection: amounts.map((invoiceAmount, index) => ({ ...toInvoice('700103', index, index), invoiceAmount })),
  };
}

/** Addresses with members left out, a due date in another form, and a number too long for a floating-point number. */
function fleet(): ContractRecord {
  return {
    contractNo: '90071992547409931',
    billingAddress: [{ street: 'Calle Jaén 722', city: 'La Paz', country: 'Bolivia' }, {}],
    dueDate: '15/07/2025',
    invoiceCollection: toMonthlyInvoices('90071992547409931', 14),
  };
}

function home(): ContractRecord {
  return {
    contractNo: '550300',
    billingAddress: [
      {
        street: 'Rua João Ramalho, 1.204, apto. 32',
        neighborhood: 'Perdizes',
        city: 'São Paulo',
        state: 'SP',
        country: 'Brasil',
        zipCode: '05008-001',
      },
    ],
    dueDate: '2025-07-10',
    invoiceCollection: toMonthlyInvoices('550300', 7),
  };
}

/** As little as the contract allows: no addresses, no due date, invoices with members left out. */
function bare(): ContractRecord {
  return {
    contractNo: '410001',
    invoiceCollection: [
      { invoiceNumber: '000000000042', billPeriod: '2025-06' },
      { invoiceContractNo: '410001', invoiceAmount: 118000n },
      {},
    ],
  };
}

function toMonthlyInvoices(contractNo: string, months: number): Invoice[] {
  return Array.from({ length: months }, (_, index) => toInvoice(contractNo, index, index));
}

/** The contract's invoice at this place, newest first; its number has leading zeros, as fiscal numbers have, and is its alone. */
export function toInvoice(contractNo: string, index: number, monthsBack: number): Invoice {
  return {
    invoiceContractNo: contractNo,
    invoiceNumber: `001${contractNo.slice(-3)}${String(9_000_000 - index).padStart(9, '0')}`,
    billPeriod: toPeriod(monthsBack),
    // Spread over a plausible range without a random source, so that every start serves the same amounts.
    invoiceAmount: BigInt(150_000 + ((index * 7_919 + Number(contractNo.slice(-3)) * 104_729) % 4_850_000)),
    invoiceStatus: monthsBack > 0,
  };
}

/** The month this many months before June 2025, as `2025-06`. */
function toPeriod(monthsBack: number): string {
  const month = 2025 * 12 + 5 - monthsBack;
  return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}`;
}
