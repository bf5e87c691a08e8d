import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { createBillingApi } from '../../../src/billing-api/billing-api';
import { getBills } from '../../support/bills-request';
import { requestRaw } from '../../support/raw-request';

async function sendBytes(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.write(bytes);
  await once(socket, 'close');
  return answer;
}

describe('The billing API as a server', () => {
  it('says where it is, and counts the requests for bills but not those for tokens', async () => {
    const api = await createBillingApi();
    expect(api.url).toBe(`http://127.0.0.1:${api.port}`);
    expect(api.tokenUrl).toBe(`${api.url}/oauth/client_credential/accesstoken?grant_type=client_credentials`);
    await requestRaw(api.port, { method: 'POST', path: '/oauth/client_credential/accesstoken' });
    expect(api.requestCount()).toBe(0);
    await getBills(api, { query: 'contractNumber=700100' });
    await getBills(api, { token: 'bad' });
    expect(api.requestCount()).toBe(2);
    await api.close();
  });

  it('answers errorBody to an address that is no resource, or that cannot be read', async () => {
    const api = await createBillingApi();
    const unknown = await requestRaw(api.port, { path: '/customers/RUC' });
    const broken = await requestRaw(api.port, { path: '/customers/%E0%A4%A/1/bills' });
    await api.close();
    expect([unknown.status, JSON.parse(unknown.text)]).toEqual([
      404,
      { error: { code: 'NOT_FOUND', message: 'There is no such resource.' } },
    ]);
    expect([broken.status, JSON.parse(broken.text)]).toEqual([
      400,
      { error: { code: 'BAD_REQUEST', message: 'The request could not be read.' } },
    ]);
  });

  it('answers errorBody to bytes that are not HTTP, and to a head that is too large', async () => {
    const api = await createBillingApi();
    const garbage = await sendBytes(api.port, 'hello\r\n\r\n');
    const large = await sendBytes(api.port, `GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`);
    await api.close();
    expect(garbage).toMatch(/^HTTP\/1\.1 400 Bad Request[^]*\{"error":\{"code":"BAD_REQUEST"/);
    expect(large).toMatch(/^HTTP\/1\.1 431 [^]*\{"error":\{"code":"BAD_REQUEST"/);
  });

  it('serves everything below its base path, and nothing beside it', async () => {
    const api = await createBillingApi({ basePath: '/billing/v2/' });
    const headers = { authorization: `Bearer ${api.issueToken()}` };
    const below = await requestRaw(api.port, { path: '/billing/v2/customers/RUC/80012345/bills?contractNumber=700100', headers });
    const beside = await requestRaw(api.port, { path: '/customers/RUC/80012345/bills?contractNumber=700100', headers });
    await api.close();
    expect(api.url.endsWith('/billing/v2')).toBe(true);
    expect([below.status, beside.status]).toEqual([200, 404]);
  });

  it('keeps connections open between requests, and closes without waiting for idle ones', async () => {
    const api = await createBillingApi();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = () => requestRaw(api.port, { path: '/', agent });
    expect((await ask()).headers.connection).toBe('keep-alive');
    await ask();
    const sockets = Object.values(agent.freeSockets).flat();
    expect(sockets).toHaveLength(1);
    await api.close();
    agent.destroy();
    await expect(requestRaw(api.port, { path: '/' })).rejects.toThrow('ECONNREFUSED');
  });

  it('finishes the request under way before it closes', async () => {
    const api = await createBillingApi();
    const answers = Promise.all(Array.from({ length: 4 }, () => getBills(api, { query: 'contractNumber=700101' })));
    while (api.requestCount() < 4) await new Promise(setImmediate);
    await api.close();
    expect((await answers).map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
  });

  it.each([
    [{ basePath: 'v2' }, 'basePath must be a path'],
    [{ maxQuantity: 0 }, 'maxQuantity must be a whole number'],
    [{ tokenLifetimeSeconds: 1.5 }, 'tokenLifetimeSeconds must be a whole number'],
    [{ clients: [] }, 'clients must name at least one client'],
  ])('refuses to start with %j', async (options, message) => {
    await expect(createBillingApi(options)).rejects.toThrow(message);
  });

  it('has no example where its first client may read no contract', async () => {
    const api = await createBillingApi({ clients: [{ clientId: 'a', clientSecret: 'b', mayRead: [] }] });
    await api.close();
    expect(api.firstExample).toBeUndefined();
  });
});
