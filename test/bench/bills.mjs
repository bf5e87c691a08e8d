// What the billing API of the benchmarks holds: every contract has as many invoices as anybody asks for. The same
// question always has the same answer, with letters beyond ASCII in the address, as real ones have.

/** The bills of a contract, as the billing API's contract describes them. */
export function toBills(contractNumber, offset, limit) {
  const seed = Number(contractNumber);
  return {
    contractNo: contractNumber,
    billingAddress: [
      {
        street: `Avda. España ${seed % 1000}`,
        neighborhood: 'Villa Morra',
        city: 'Asunción',
        state: 'Central',
        country: 'PY',
        zipCode: String(1000 + (seed % 900)),
      },
    ],
    dueDate: `2025-${String((seed % 12) + 1).padStart(2, '0')}-15`,
    invoiceCollection: Array.from({ length: limit }, (_, index) => toInvoice(contractNumber, seed, offset + index)),
  };
}

function toInvoice(contractNumber, seed, position) {
  return {
    invoiceContractNo: contractNumber,
    invoiceNumber: `001-${contractNumber}-${String(position).padStart(6, '0')}`,
    billPeriod: `${2000 + (Math.floor(position / 12) % 100)}-${String((position % 12) + 1).padStart(2, '0')}`,
    invoiceAmount: 100_000 + ((seed * 31 + position * 7919) % 9_000_000),
    invoiceStatus: (seed + position) % 3 !== 0,
  };
}

/** The same as the schemas of the gateways have it. */
export function toContract({ contractNo, dueDate, billingAddress, invoiceCollection }) {
  return {
    number: contractNo,
    dueDate,
    billingAddresses: billingAddress,
    invoices: invoiceCollection.map((invoice) => ({
      number: invoice.invoiceNumber,
      contractNumber: invoice.invoiceContractNo,
      billPeriod: invoice.billPeriod,
      amount: invoice.invoiceAmount,
      status: invoice.invoiceStatus,
    })),
  };
}
