import { findProxy } from '../../../../src/upstream/sockets/proxy';

const PROXIES = { billingApiProxy: null, httpsProxy: new URL('http://proxy:1'), httpProxy: new URL('http://proxy:2'), noProxy: null };

describe('The proxy of an origin', () => {
  it.each([
    ['https://billing.example', 'http://proxy:1/'],
    ['http://billing.example', 'http://proxy:2/'],
  ])('of %s is the one for its scheme', (origin, proxy) => {
    expect(findProxy(new URL(origin), PROXIES)?.href).toBe(proxy);
    expect(findProxy(new URL(origin), { ...PROXIES, httpProxy: null, httpsProxy: null })).toBeNull();
  });

  it('is the one that is meant for the billing API alone, whatever else is said', () => {
    const billingApiProxy = new URL('http://own:3');
    expect(findProxy(new URL('https://billing.example'), { ...PROXIES, billingApiProxy, noProxy: '*' })).toBe(billingApiProxy);
  });

  it.each([
    ['https://billing.example', 'billing.example', true],
    ['https://billing.example', '.example', true],
    ['https://billing.example', '*.example', true],
    ['https://billing.example', 'example', true],
    ['https://billing.example', 'other, Billing.Example', true],
    ['https://billing.example', 'other billing.example', true],
    ['https://billing.example', 'billing.example:443', true],
    ['https://billing.example', 'billing.example:8443', false],
    ['https://billing.example:8443', 'billing.example:8443', true],
    ['https://billing.example', 'ing.example', false],
    ['https://billing.example', 'billing.example.com', false],
    ['https://billing.example.', 'example', true],
    ['https://billing.example', '.example.', true],
    ['https://billing.example', '', false],
    ['https://billing.example', ',', false],
    ['https://billing.example', '*', true],
    ['https://10.1.2.3', '10.0.0.0/8', true],
    ['https://10.1.2.3', '10.2.0.0/16', false],
    ['https://10.1.2.3', '10.1.2.3', true],
    ['https://10.1.2.3', '10.1.2.3:443', true],
    ['https://10.1.2.3', '1.2.3', false],
    ['https://10.1.2.3', '10.0.0.0/99', false],
    ['https://[fd00::1]', 'fd00::/8', true],
    ['https://[fd00::1]', '[fd00::1]:443', true],
    ['https://[fd00::1]', '[fd00::1]', true],
    ['https://[fd00::1]', 'fd00:0:0:0:0:0:0:1', true],
    ['https://[fd00::1]', '[FD00:0::0001]:443', true],
    ['https://[fd00::1]', 'fd00::2', false],
  ])('of %s with NO_PROXY=%j: exempt is %j', (origin, noProxy, isExempt) => {
    expect(findProxy(new URL(origin), { ...PROXIES, noProxy }) === null).toBe(isExempt);
  });
});
