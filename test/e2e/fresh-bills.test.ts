import { until } from '../support/cache-fixtures';
import { good, withScript } from '../support/scripted-gateway';
import type { ScriptedAnswer } from '../support/scripted-upstream';

const QUERY = 'query Bills { customer(idType: "RUC", id: "80012345") { contract(number: "7") { dueDate } } }';
const CACHED = { NODE_ENV: 'production', CACHE_TTL_SECONDS: '600' };
const DIRECTIVES = ['no-cache', 'No-Cache', 'no-store', 'max-age=0', 'max-age="0"', 'max-age=60, no-cache', 'max-age=60, max-age=0'];
const IGNORED = [
  'max-age',
  'max-age=',
  'max-age=-1',
  'max-age=1.5',
  'max-age=x',
  'no-cache=x',
  'nocache',
  ',',
  '',
  'max-age=60',
  'only-if-cached',
];

describe('Request Cache-Control (RFC 9111, section 5.2.1)', () => {
  it.each(DIRECTIVES)('%s reads the bills anew, on each path, for its caller alone', async (directive) => {
    let dueDate = '2025-07-15';
    await withScript(
      (request) => good(request, 3, { dueDate }),
      async ({ gateway, upstream }) => {
        const ask = async (token: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> =>
          (await gateway.query(QUERY, {}, { token, headers })).data.customer.contract.dueDate;
        const fresh = { 'cache-control': directive };
        // The reference path: nobody has run the operation yet.
        expect(await ask('payer', fresh)).toBe('2025-07-15');
        for (const token of ['payer', 'payer', 'payer', 'other', 'other', 'other']) await ask(token);
        expect(upstream.requests).toHaveLength(2);
        dueDate = '2025-08-15';
        // The response cache and the entries hold older bills; the compiled path reads new ones.
        expect(await ask('payer')).toBe('2025-07-15');
        expect(await ask('payer', fresh)).toBe('2025-08-15');
        expect(upstream.requests).toHaveLength(3);
        // What was read is cached as usual, and what was made of older bills is gone.
        for (let i = 0; i < 3; i++) expect(await ask('payer')).toBe('2025-08-15');
        expect(await ask('other')).toBe('2025-07-15');
        expect(upstream.requests).toHaveLength(3);
        const paths = gateway.logLines
          .map((line) => JSON.parse(line) as { msg: string; path: string })
          .filter(({ msg }) => msg === 'operation');
        expect(new Set(paths.map(({ path }) => path))).toEqual(new Set(['reference', 'compiled', 'response-cache']));
      },
      CACHED,
    );
  });

  it.each(IGNORED)('"%s" takes what is cached', async (directive) => {
    await withScript(
      good,
      async ({ gateway, upstream }) => {
        for (let i = 0; i < 4; i++) await gateway.query(QUERY, {}, { token: 'a', headers: { 'cache-control': directive } });
        expect(upstream.requests).toHaveLength(1);
      },
      CACHED,
    );
  });

  it('max-age=n takes nothing that is older than n seconds', async () => {
    await withScript(
      good,
      async ({ gateway, upstream }) => {
        const ask = (seconds: number) => gateway.query(QUERY, {}, { token: 'a', headers: { 'cache-control': `max-age=${seconds}` } });
        await ask(1);
        const cachedAtMs = performance.now();
        await until(() => performance.now() - cachedAtMs > 1000);
        await ask(300);
        expect(upstream.requests).toHaveLength(1);
        await ask(1);
        expect(upstream.requests).toHaveLength(2);
      },
      CACHED,
    );
  });

  it.each(['0', '600'])(
    'joins no call that began earlier, which stores nothing over it (CACHE_TTL_SECONDS=%s)',
    async (CACHE_TTL_SECONDS) => {
      const held: ((answer: ScriptedAnswer) => void)[] = [];
      await withScript(
        () => new Promise<ScriptedAnswer>((resolve) => held.push(resolve)),
        async ({ gateway, upstream }) => {
          const dueDateOf = async (headers: Readonly<Record<string, string>> = {}): Promise<unknown> =>
            (await gateway.query(QUERY, {}, { token: 'a', headers })).data.customer.contract.dueDate;
          const early = dueDateOf();
          await upstream.waitForRequests(1);
          const fresh = dueDateOf({ 'cache-control': 'no-cache' });
          await upstream.waitForRequests(2);
          const [first, second] = upstream.requests;
          held[1]?.(good(second!, 3, { dueDate: '2025-08-15' }));
          expect(await fresh).toBe('2025-08-15');
          held[0]?.(good(first!, 3, { dueDate: '2025-07-15' }));
          expect(await early).toBe('2025-07-15');
          upstream.setScript((request) => good(request, 3, { dueDate: '2025-08-15' }));
          expect(await dueDateOf()).toBe('2025-08-15');
          expect(upstream.requests).toHaveLength(CACHE_TTL_SECONDS === '0' ? 3 : 2);
        },
        { CACHE_TTL_SECONDS },
      );
    },
  );

  it('takes no stale entry where the billing API fails', async () => {
    let fails = false;
    await withScript(
      (request) => (fails ? { status: 503 } : good(request)),
      async ({ gateway }) => {
        await gateway.query(QUERY, {}, { token: 'a' });
        fails = true;
        const { errors } = await gateway.query(QUERY, {}, { token: 'a', headers: { 'cache-control': 'no-cache' } });
        expect(errors).toHaveLength(1);
        expect((await gateway.query(QUERY, {}, { token: 'a' })).errors).toEqual([]);
      },
      { CACHE_TTL_SECONDS: '600', CACHE_STALE_SECONDS: '600' },
    );
  });
});
