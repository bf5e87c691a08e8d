import {
  addWindow,
  decodeWindows,
  encodeWindows,
  findCovering,
  mergeWindows,
  withoutDoubtful,
  type CachedWindow,
} from '../../../../src/cache/entries/cached-windows';
import { parseCustomer } from '../../../../src/billing/model/customer';

const toWindow = (offset: number, limit: number, others: Partial<CachedWindow> = {}): CachedWindow => ({
  offset,
  limit,
  count: limit,
  freshUntilMs: 1000,
  staleUntilMs: 2000,
  ...others,
});

describe('a list of cached windows', () => {
  test('is read as it was written, in 28 bytes for each window, and an incomplete window is none', () => {
    const windows = [toWindow(3, 20, { count: 7, freshUntilMs: 1_751_371_200_123.5 }), toWindow(2 ** 32 - 1, 1)];
    const bytes = encodeWindows(windows);
    expect(bytes).toHaveLength(56);
    expect(decodeWindows(bytes)).toEqual(windows);
    expect(decodeWindows(bytes.subarray(0, 55))).toEqual(windows.slice(0, 1));
    expect(decodeWindows(Buffer.alloc(0))).toEqual([]);
  });

  test('has bytes that other versions of the gateway read alike', () => {
    const bytes = encodeWindows([{ offset: 1, limit: 2, count: 3, freshUntilMs: 4, staleUntilMs: 5 }]);
    expect(bytes.toString('hex')).toBe('01000000020000000300000000000000000010400000000000001440');
  });

  test('holds sixteen windows at most, the newest first, each once, and none that is over', () => {
    let windows: CachedWindow[] = [];
    for (let offset = 0; offset < 20; offset++) windows = addWindow(windows, toWindow(offset, 5), 0);
    expect(windows.map(({ offset }) => offset)).toEqual(Array.from({ length: 16 }, (_, at) => 19 - at));
    const again = addWindow(windows, toWindow(10, 5, { count: 2 }), 0);
    expect(again).toHaveLength(16);
    expect(again[0]).toMatchObject({ offset: 10, count: 2 });
    expect(addWindow(windows, toWindow(50, 5, { staleUntilMs: 9000 }), 2000)).toEqual([toWindow(50, 5, { staleUntilMs: 9000 })]);
  });

  test('is merged with another one: of a window that is in both, the one that lives longer', () => {
    const ours = [toWindow(0, 10, { staleUntilMs: 3000, count: 1 }), toWindow(10, 10, { staleUntilMs: 2500, count: 2 })];
    const theirs = [
      toWindow(0, 10, { staleUntilMs: 2000, count: 3 }),
      toWindow(10, 10, { staleUntilMs: 2600, count: 4 }),
      toWindow(20, 10, { count: 5 }),
    ];
    const counts = mergeWindows(ours, theirs, 0).map(({ offset, count }) => [offset, count]);
    expect(counts.sort(([a = 0], [b = 0]) => a - b)).toEqual([
      [0, 1],
      [10, 4],
      [20, 5],
    ]);
    expect(mergeWindows([], theirs, 0)).toBe(theirs);
    expect(mergeWindows(ours, [], 0)).toBe(ours);
  });

  test('answers with the window that has the least to read, as long as that is good', () => {
    const windows = [toWindow(0, 100), toWindow(0, 30), toWindow(0, 20, { freshUntilMs: 10 })];
    expect(findCovering(windows, { offset: 5, limit: 5 }, 500, 'freshUntilMs')?.limit).toBe(30);
    expect(findCovering(windows, { offset: 5, limit: 5 }, 500, 'staleUntilMs')?.limit).toBe(20);
    expect(findCovering(windows, { offset: 5, limit: 5 }, 1000, 'freshUntilMs')).toBeUndefined();
    expect(findCovering(windows, { offset: 95, limit: 6 }, 500, 'freshUntilMs')).toBeUndefined();
  });

  test('answers a window that it holds to the last invoice, and one past the end of the list, and none that begins before it', () => {
    const full = [toWindow(10, 20)];
    const ended = [toWindow(10, 20, { count: 19 })];
    const isAnswered = (windows: readonly CachedWindow[], offset: number, limit: number): boolean =>
      findCovering(windows, { offset, limit }, 0, 'freshUntilMs') !== undefined;
    expect([isAnswered(full, 10, 20), isAnswered(full, 29, 1), isAnswered(full, 10, 21), isAnswered(full, 9, 5)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    // A list that ends in the window ends for whatever comes after it.
    expect([isAnswered(ended, 10, 500), isAnswered(ended, 40, 5), isAnswered(ended, 9, 500)]).toEqual([true, true, false]);
  });

  test('answers with the window that has the least to read, in whatever order they stand', () => {
    for (const windows of [
      [toWindow(0, 30), toWindow(0, 100)],
      [toWindow(0, 100), toWindow(0, 30)],
    ])
      expect(findCovering(windows, { offset: 0, limit: 5 }, 0, 'freshUntilMs')?.limit).toBe(30);
  });

  test('tells windows apart that begin at the same invoice', () => {
    const windows = addWindow([toWindow(0, 10)], toWindow(0, 20), 0);
    expect(windows.map(({ limit }) => limit)).toEqual([20, 10]);
    expect(
      mergeWindows([toWindow(0, 10, { staleUntilMs: 9000 })], [toWindow(0, 20)], 0)
        .map(({ limit }) => limit)
        .sort(),
    ).toEqual([10, 20]);
  });

  const owner = { customer: parseCustomer('RUC', '80012345'), contractNumber: '1001' };
  /** Whether a cached window may serve a requested one, and what was asked of the paging. */
  function use(cached: CachedWindow, [offset, limit]: readonly [number, number], { isEnd = false, isInPlace = false } = {}) {
    const asked: unknown[] = [];
    const paging = {
      isEnd: (of: unknown, count: number) => (asked.push([of, count]), isEnd),
      isInPlace: (of: unknown, isShort: boolean) => (asked.push([of, isShort]), isInPlace),
    };
    const windows = withoutDoubtful([cached], { ...owner, window: { offset, limit } }, paging);
    return { isUsed: windows.length === 1, asked };
  }

  test('leaves a short window to what lies in it, and to what ends with the list', () => {
    const short = toWindow(0, 20, { count: 7 });
    const isUsed = (requested: readonly [number, number], isEnd: boolean): boolean => use(short, requested, { isEnd }).isUsed;
    expect([isUsed([0, 5], false), isUsed([2, 5], false), isUsed([0, 8], false), isUsed([6, 5], false)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([isUsed([0, 8], true), isUsed([6, 5], true)]).toEqual([true, true]);
    // Whether the list goes on behind it is what is asked.
    expect([isUsed([7, 5], true), isUsed([9, 5], true)]).toEqual([false, false]);
    expect(use(short, [0, 8]).asked).toEqual([[owner, 7]]);
    for (const count of [0, 20]) expect(use(toWindow(0, 20, { count }), [15, 20])).toEqual({ isUsed: true, asked: [] });
  });

  test('leaves the middle of a later window to an API that is known to heed offsets', () => {
    const later = toWindow(20, 20);
    expect(use(later, [25, 5])).toEqual({ isUsed: false, asked: [[owner, false]] });
    expect(use(later, [25, 5], { isInPlace: true }).isUsed).toBe(true);
    expect(use(toWindow(20, 20, { count: 19 }), [25, 5], { isInPlace: true })).toEqual({ isUsed: true, asked: [[owner, true]] });
    // From its start, in the first window, and where there is nothing.
    for (const [cached, offset] of [
      [later, 20],
      [toWindow(0, 20), 5],
      [toWindow(20, 20, { count: 0 }), 25],
    ] as const)
      expect(use(cached, [offset, 5])).toEqual({ isUsed: true, asked: [] });
  });
});
