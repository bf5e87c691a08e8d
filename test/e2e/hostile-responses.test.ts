import { startMeteredGateway, type MeteredGateway } from '../support/metered-gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';
import { toAskedBills } from '../support/bills-body';

/** CPU time that one turn of the event loop may take. */
const MAX_TURN_MS = 100;
/** A little less than the default of BILLING_API_MAX_BODY_BYTES. */
const BYTES = 15 * 1024 * 1024;

const fill = (text: string): string => text.repeat(Math.floor(BYTES / Buffer.byteLength(text)));
const inBody = (items: string): string => `{"contractNo":"7","invoiceCollection":[${items}]}`;
const inInvoice = (members: string): string => inBody(`{"invoiceNumber":"1",${members}}`);
const unknown = (value: string): string => inInvoice(`"other":${value}`);
const listed = (item: string): string => fill(`${item},`).slice(0, -1);

/** Bodies that take long to read for their length. */
const BODIES: Readonly<Record<string, () => string | Buffer>> = {
  'escapes in a field': () => inInvoice(`"billPeriod":"${fill('\\n')}"`),
  'escapes in an unknown member': () => unknown(`"${fill('\\n')}"`),
  'fields with escapes': () => inBody(listed(`{"billPeriod":"${'\\n'.repeat(500)}"}`)),
  'a field of letters of two bytes': () => inInvoice(`"billPeriod":"${fill('ñ')}"`),
  'another spelling of a name': () => inInvoice(listed('"InvoiceNumber":1')),
  'another spelling in each invoice': () => inBody(listed('{"InvoiceNumber":1,"BillPeriod":1}')),
  'names that end like known ones': () => inInvoice(listed('"r":1')),
  'names of dashes': () => inInvoice(listed('"-":1')),
  'invoices that are numbers': () => inBody(listed('1')),
  'empty invoices': () => inBody(listed('{}')),
  'an unknown list of numbers': () => unknown(`[${listed('11')}]`),
  'unknown lists within lists': () => unknown(`[${listed(`${'['.repeat(900)}${']'.repeat(900)}`)}]`),
  'the list twice': () =>
    inBody(listed('1').slice(0, BYTES / 2 - 1)).slice(0, -1) + `,"invoiceCollection":[${listed('1').slice(0, BYTES / 2 - 1)}]}`,
  'an amount of many digits': () => inInvoice(`"invoiceAmount":${fill('1')}`),
  'an amount of many digits as text': () => inInvoice(`"invoiceAmount":"${fill('1')}"`),
  'a contract number of many digits': () => `{"contractNo":${fill('1')},"invoiceCollection":[]}`,
  'white space': () => `{"contractNo":"7",${fill(' ')}"invoiceCollection":[]}`,
  'white space before it': () => `${fill(' ')}${inBody('')}`,
  'bytes that are not UTF-8': () => Buffer.concat([Buffer.from(`{"contractNo":"${fill('ñ')}`), Buffer.from([0xff])]),
};

describe('A body of the billing API of 15 MiB', () => {
  let upstream: ScriptedUpstream;
  let gateway: MeteredGateway;
  let body: Buffer;

  beforeAll(async () => {
    upstream = await startScriptedUpstream(({ url }) => ({ body: toAskedBills(url).contractNumber === '7' ? body : inBody('') }));
    gateway = await startMeteredGateway({ CACHE_TTL_SECONDS: '0', BILLING_API_RETRIES: '0', BILLING_API_URL: upstream.url });
    // The token is accepted, and the code that reads is compiled.
    for (let i = 0; i < 20; i++) await ask('8');
  }, 120_000);

  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  async function ask(contract: string): Promise<number> {
    const query = `{ customer(idType: "RUC", id: "80012345") { contract(number: "${contract}") { invoices(first: 1000) { nodes { number amount billPeriod } } } } }`;
    const headers = { 'content-type': 'application/json', authorization: 'Bearer a-token' };
    return (await gateway.ask({ method: 'POST', path: '/graphql', headers, body: JSON.stringify({ query }) })).status;
  }

  it.each(Object.entries(BODIES))('of %s takes no turn of the event loop of more than 100 ms of CPU', async (_what, make) => {
    body = Buffer.from(make());
    let least = Infinity;
    for (let round = 0; least > MAX_TURN_MS && round < 16; round++) {
      await gateway.measure();
      expect([200, 400]).toContain(await ask('7'));
      least = Math.min(least, (await gateway.measure()).turnMs);
    }
    expect(least).toBeLessThanOrEqual(MAX_TURN_MS);
  });
});
