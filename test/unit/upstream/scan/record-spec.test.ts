import { LIST, RecordSpec } from '../../../../src/upstream/scan/record-spec';
import type { LeafTable } from '../../../../src/upstream/scan/wire-table';

const text = (wire: string): LeafTable[string] => ({ wire, type: 'text' });
const table = { amount: text('invoiceAmount'), line: text('street1'), quiz: text('quiz'), id: text('a_id') };
const spec = new RecordSpec('things[]', table, ['children']);

function find(name: string, what: (bytes: Buffer, view: DataView) => number): number {
  // The closing quotation mark is the last byte that there is.
  const bytes = Buffer.from(`"${name}"`);
  return what(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
}
const columnOf = (name: string): number => find(name, (bytes, view) => spec.findName(view, 1, bytes.length - 2));
const misspeltOf = (name: string): number => find(name, (bytes) => spec.findMisspelt(bytes, 1, bytes.length - 1));
const mayEnd = (name: string): boolean => spec.lastBytes[Buffer.from(name).at(-1)!] === 1;

describe('A record that the scanner looks for', () => {
  it('has a column for each leaf, and then for each list', () => {
    expect(spec.names.map((name) => [columnOf(name), spec.columnOf(name)])).toEqual([0, 1, 2, 3, 4].map((column) => [column, column]));
    expect([spec.types[4], spec.layout.lengthColumn, spec.layout.stride]).toEqual([LIST, 4, 5]);
  });

  it.each(['invoiceAmounX', 'Xnvoiceamount', 'invoiXeAmount', 'street2', 'quix', 'xuiz', 'quizz', 'qui', '', 'InvoiceAmount'])(
    'has no column for %j',
    (name) => {
      expect([columnOf(name), spec.columnOf(name)]).toEqual([-1, -1]);
    },
  );

  it.each([
    ['invoice_amount', 0],
    ['InvoiceAmount', 0],
    ['INVOICE-AMOUNT_', 0],
    ['STREET1', 1],
    ['street_1', 1],
    ['QUIZ', 2],
    ['quiZ', 2],
    ['aId', 3],
  ])('knows %s for another spelling of a leaf', (name, column) => {
    expect([misspeltOf(name), mayEnd(name)]).toEqual([column, true]);
  });

  it.each(['Amount', 'theInvoiceAmount', 'invoiceAmount1', 'streetQ', 'STREETQ', 'Children', '_', '-', ''])(
    'knows %j for no spelling of a leaf',
    (name) => {
      expect(misspeltOf(name)).toBe(-1);
    },
  );

  it('has no spelling of a leaf that ends with a byte with which none ends', () => {
    expect(['x', 'X', '0', '2', '/', ':', '@', '[', '`', '{', 'n'].filter(mayEnd)).toEqual([]);
  });

  it('has names of three bytes at least, and 30 members at most', () => {
    const of = (...names: string[]): RecordSpec => new RecordSpec('', Object.fromEntries(names.map((name) => [name, text(name)])));
    expect(of('abc', 'éa').count).toBe(2);
    expect(() => of('abc', 'ab')).toThrow('"ab", is shorter than 3 bytes');
    const many = Array.from({ length: 31 }, (_, index) => `name${index}`);
    expect(of(...many.slice(1)).count).toBe(30);
    expect(() => of(...many)).toThrow('more than 30 members');
  });
});
