import { openBrowser } from '../../support/browser';
import { startGateway } from '../../support/gateway';

describe("Apollo Sandbox's page, in a browser without internet", () => {
  it('says so, asks for its parts where its policy says, and is kept from nothing that it needs by a policy', async () => {
    const gateway = await startGateway({ EXPLORER: 'sandbox' });
    const window = await openBrowser();
    try {
      await window.page.route(/^https:/, (route) => route.abort('internetdisconnected'));
      await window.page.goto(`${gateway.url}/graphql`, { waitUntil: 'load' });
      expect(await window.page.locator('body').innerText()).toContain('it appears that you might be offline');
      const others = window.requests.filter((url) => !url.startsWith(`${gateway.url}/`) && !url.startsWith('data:'));
      expect(others).toEqual(expect.arrayContaining([expect.stringMatching(/^https:\/\/embeddable-sandbox\.cdn\.apollographql\.com\//)]));
      expect(others.filter((url) => !/^https:\/\/(?:[a-z.-]+\.apollographql\.com|fonts\.googleapis\.com)\//.test(url))).toEqual([]);
      expect(window.complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
    } finally {
      await window.close();
      await gateway.close();
    }
  });
});
