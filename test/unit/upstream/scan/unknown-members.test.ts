import { scanBills } from '../../../../src/upstream/scan/scan-bills';
import { toBillsSpec } from '../../../../src/upstream/scan/record-spec';
import { CONTRACT_TABLE } from '../../../../src/upstream/scan/wire-table';
import type { UnknownMembers } from '../../../../src/upstream/scan/unknown-members';

const spec = toBillsSpec(CONTRACT_TABLE);

function unknownOf(body: string): UnknownMembers {
  const { contracts } = scanBills(Buffer.from(body), { spec, window: { offset: 0, limit: 1 }, strict: false });
  return contracts[0]!.others;
}

/** What the members of a body say that the contract does not have. */
function summaryOf(body: string): string[] {
  const members = unknownOf(body);
  const said = Object.entries(members)
    .filter(([, value]) => value === true)
    .map(([name]) => name);
  return members.reportErrorInside() ? [...said, 'reportErrorInside'] : said;
}

/** An object in which a value is so many objects deep. */
const nest = (depth: number, value: string): string => `${'{"a":'.repeat(depth)}${value}${'}'.repeat(depth)}`;
const ERROR = '{"error":"x"}';

describe('What the contract does not have', () => {
  it.each<[string, string[]]>([
    // Names that only end or begin like one that says something.
    ['{"lastSuccess":false}', []],
    ['{"successRate":false}', []],
    ['{"lineStatus":"FAILED"}', []],
    ['{"statusText":"FAILED"}', []],
    ['{"noerror":"x"}', []],
    ['{"errorless":"x"}', []],
    // Values that only end or begin like one that tells of a failure.
    ['{"status":"not \\"failed"}', []],
    ['{"status":"failed_over"}', []],
    ['{"status":5000}', []],
    ['{"status":1500}', []],
    ['{"status":"BACKEND_ERROR"}', ['reportError']],
    ['{"status":500}', ['reportError']],
    ['{"code":5000}', ['tellOfFailure']],
    ['{"code":1500}', ['tellOfFailure']],
    ['{"code":"503"}', ['tellOfFailure', 'haveFailedCode']],
    ['{"message":"503"}', ['tellOfFailure']],
    ['{"code":"x"}', ['tellOfFailure']],
    ['{"zipCode":"503"}', []],
    ['{"success":0}', ['reportError']],
    ['{"success":1}', []],
    ['{"error":"false"}', []],
    ['{"error":0}', []],
    ['{"error":0.5}', ['reportError']],
    ['{"error":"0"}', []],
    ['{"error":"10"}', ['reportError']],
    // Lists and objects.
    ['{"facturas":[]}', ['holdData', 'nameInvoices']],
    ['{"facturas":null}', []],
    ['{"facturas":{}}', []],
    ['{"invoices":[1]}', ['holdData', 'holdList', 'nameInvoices', 'holdInvoices']],
    ['{"invoices":{"a":1}}', ['holdData', 'nameInvoices']],
    ['{"invoices":{"a":[]}}', ['holdData', 'holdList', 'nameInvoices']],
    ['{"invoices":"3"}', ['nameInvoices']],
    ['{"billing_address":{"a":1}}', ['holdData', 'nameAddresses']],
    ['{"emailAddress":"x"}', []],
    // Names of 63 bytes are looked at, and no longer ones.
    [`{"error${'_'.repeat(58)}":"x"}`, ['reportError']],
    [`{"error${'_'.repeat(59)}":"x"}`, []],
  ])('%s says %j', (body, expected) => {
    expect(summaryOf(body)).toEqual(expected);
  });

  it.each<[string, boolean]>([
    ['{"errors":10}', true],
    ['{"errors":0.5}', true],
    ['{"errors":0,"error":null,"fault":"","faults":{},"exceptions":[],"failed":false}', false],
    ['{"zipCode":"503"}', false],
    ['{"message":503}', false],
    ['{"code":503}', true],
    ['{"http-status-code":"503"}', true],
    ['{"level":"ERROR"}', true],
    ['{"levels":"ERROR","levelling":"ERROR"}', false],
    ['{"level":"error-free"}', false],
    [`[null,1,"error",${ERROR}]`, true],
    [nest(3, ERROR), true],
    [nest(4, ERROR), false],
    [`[[[${ERROR}]]]`, true],
    [`[[[[${ERROR}]]]]`, false],
    [`{"a":"${'x'.repeat(16 * 1024 - 20)}","error":1}`, true],
    [`{"a":"${'x'.repeat(16 * 1024 - 18)}","error":1}`, true],
    [`{"a":"${'x'.repeat(16 * 1024 - 17)}","error":1}`, false],
  ])('that an envelope reports an error in it, as %s: %p', (envelope, isReported) => {
    expect(unknownOf(`{"responseHeader":${envelope}}`).reportErrorInside()).toBe(isReported);
  });

  it('is looked into in the first 16 lists and objects that are not empty', () => {
    const fill = (count: number, value: string): string => Array.from({ length: count }, (_, index) => `"x${index}":${value},`).join('');
    const isReported = (before: string): boolean => unknownOf(`{${before}"responseHeader":${ERROR}}`).reportErrorInside();
    expect([isReported(fill(15, '[1]')), isReported(fill(16, '[1]'))]).toEqual([true, false]);
    expect(isReported(fill(20, '1') + fill(20, '{}') + fill(20, '[]'))).toBe(true);
  });
});
