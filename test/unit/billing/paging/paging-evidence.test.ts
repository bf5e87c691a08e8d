import { PagingEvidence } from '../../../../src/billing/paging/paging-evidence';

const FORM = 'contract';
const FIRST = { offset: 0, limit: 1000 };

/** What is known of an API that is asked for 1000 at most, and which cuts were observed. */
function start(isAligned = false) {
  const cuts: [size: number, isNew: boolean][] = [];
  const evidence = new PagingEvidence(1000, isAligned, { pageCut: (size, isNew) => void cuts.push([size, isNew]) });
  return { evidence, cuts };
}

describe('A page that is shorter than was asked for', () => {
  it.each([
    ['ten or more, of a round number', [10, 15, 16, 20, 25, 32, 50, 64, 100, 128, 999_995], 'doubtful'],
    ['a number that no API has for its most', [11, 13, 18, 21, 31, 33, 63, 99, 127], 'end'],
    ['fewer than ten', [1, 2, 5, 8, 9], 'end'],
  ])('is taken for the end of its list or not by its size: %s', (_what, sizes, judged) => {
    for (const size of sizes) expect(start().evidence.judge(FORM, size, FIRST)).toBe(judged);
  });

  it('is the end where a longer one was seen, in requests of the same form', () => {
    const { evidence } = start();
    evidence.notePage(FORM, 21);
    evidence.notePage(FORM, 12);
    expect([evidence.judge(FORM, 20, FIRST), evidence.isEnd(FORM, 20), evidence.isEnd('customer', 20)]).toEqual(['end', true, false]);
    expect(evidence.judge(FORM, 25, FIRST)).toBe('doubtful');
    evidence.notePage(FORM, 25);
    expect(evidence.judge(FORM, 25, FIRST)).toBe('doubtful');
  });

  it('is looked at the 1st, 10th and 100th time, and waits for a look that is under way', async () => {
    const { evidence } = start();
    const judge = (): string => evidence.judge(FORM, 20, FIRST);
    expect(judge()).toBe('doubtful');
    let end!: () => void;
    const looking = new Promise<void>((resolve) => (end = resolve));
    expect(evidence.settle(FORM, 20, looking)).toBe(looking);
    expect([judge(), evidence.isSettledEnd(FORM, 20)]).toEqual(['pending', false]);
    let isSettled = false;
    const settled = evidence.settled(FORM, 20).then(() => (isSettled = true));
    await new Promise(setImmediate);
    expect(isSettled).toBe(false);
    end();
    await settled;
    expect(evidence.isSettledEnd(FORM, 20)).toBe(true);
    const judged: string[] = [];
    while (judged.length < 120) {
      judged.push(judge());
      if (judged.at(-1) !== 'doubtful') continue;
      void evidence.settle(FORM, 20, Promise.resolve());
      await evidence.settled(FORM, 20);
    }
    expect(judged.flatMap((each, index) => (each === 'doubtful' ? [index + 2] : []))).toEqual([10, 100]);
  });

  it('is looked at as often when pages of its size come in between', async () => {
    const { evidence } = start();
    const judged: string[] = [];
    while (judged.length < 5) {
      evidence.notePage(FORM, 20);
      judged.push(evidence.judge(FORM, 20, FIRST));
      if (judged.length === 1) void evidence.settle(FORM, 20, Promise.resolve());
      await evidence.settled(FORM, 20);
    }
    expect(judged).toEqual(['doubtful', 'end', 'end', 'end', 'end']);
  });

  it('is waited for from the moment in which it is doubtful, and looked at again where nobody looks in that turn', async () => {
    const { evidence } = start();
    const judge = (): string => evidence.judge(FORM, 20, FIRST);
    expect([judge(), judge(), evidence.isSettledEnd(FORM, 20)]).toEqual(['doubtful', 'pending', false]);
    await evidence.settled(FORM, 20);
    expect([evidence.isSettledEnd(FORM, 20), judge()]).toEqual([false, 'doubtful']);
  });

  it('that nobody has looked at is the end only where its size says so, and there is nothing to wait for', async () => {
    const { evidence } = start();
    expect([evidence.isSettledEnd(FORM, 9), evidence.isSettledEnd(FORM, 20)]).toEqual([true, false]);
    await evidence.settled(FORM, 20);
    expect(await evidence.settle(FORM, 20, Promise.resolve('looked'))).toBe('looked');
    expect(evidence.judge(FORM, 20, FIRST)).toBe('doubtful');
  });

  it('is looked at again where the look failed', async () => {
    const { evidence } = start();
    expect(evidence.judge(FORM, 20, FIRST)).toBe('doubtful');
    const failing = evidence.settle(FORM, 20, Promise.reject(new Error('no answer')));
    await evidence.settled(FORM, 20);
    await expect(failing).rejects.toThrow('no answer');
    expect([evidence.isSettledEnd(FORM, 20), evidence.judge(FORM, 20, FIRST)]).toEqual([false, 'doubtful']);
  });

  it('is no end once a page was cut at its size, in whatever form, and a longer one does not change that', () => {
    const { evidence, cuts } = start();
    evidence.noteCut(7);
    evidence.noteCut(7);
    expect(cuts).toEqual([
      [7, true],
      [7, false],
    ]);
    expect(evidence.isCut(7)).toBe(true);
    evidence.notePage('customer', 500);
    for (const form of [FORM, FORM, 'customer'])
      expect([evidence.judge(form, 7, FIRST), evidence.isEnd(form, 7), evidence.isSettledEnd(form, 7)]).toEqual(['doubtful', false, false]);
  });

  it('is in doubt where pages have numbers and it is a later one, unless one as long as its window was seen', () => {
    const windows = [
      { offset: 0, limit: 40 },
      { offset: 40, limit: 40 },
      { offset: 13, limit: 13 },
    ];
    const judgeAll = (isAligned: boolean): string[] => {
      const { evidence } = start(isAligned);
      evidence.notePage(FORM, 13);
      return windows.map((window) => evidence.judge(FORM, 12, window));
    };
    expect([judgeAll(true), judgeAll(false)]).toEqual([
      ['end', 'doubtful', 'end'],
      ['end', 'end', 'end'],
    ]);
  });
});

describe('The most that is asked for at once', () => {
  it('is what was configured, and becomes the size at which pages are cut, where no longer one was seen', () => {
    const { evidence } = start();
    expect(evidence.maxQuantity).toBe(1000);
    evidence.notePage(FORM, 60);
    evidence.notePage('customer', 20);
    evidence.noteCut(50);
    expect(evidence.maxQuantity).toBe(1000);
    evidence.noteCut(60);
    expect(evidence.maxQuantity).toBe(60);
    evidence.noteCut(80);
    expect(evidence.maxQuantity).toBe(60);
  });

  it('becomes that in any case where pages have numbers: a window that was cut is elsewhere', () => {
    const { evidence } = start(true);
    evidence.notePage(FORM, 60);
    evidence.noteCut(50);
    expect(evidence.maxQuantity).toBe(50);
    const windows = [
      [50, 51],
      [0, 51],
      [50, 50],
      [1000, 1000],
      [1001, 1001],
    ];
    expect(windows.map(([offset, limit]) => evidence.isMisplaced({ offset: offset as number, limit: limit as number }))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
    expect(start().evidence.isMisplaced({ offset: 2000, limit: 1000 })).toBe(false);
  });
});

describe('What is remembered of an API', () => {
  it('is the first item of the 256 lists that were read last', () => {
    const { evidence } = start();
    for (let i = 0; i < 256; i++) evidence.noteFirstItem(`list-${i}`, `item-${i}`);
    evidence.noteFirstItem('list-0', 'changed');
    evidence.noteFirstItem('list-256', 'item-256');
    const known = Array.from({ length: 257 }, (_, i) => evidence.firstItemOf(`list-${i}`));
    expect(known.map((item, i) => item === undefined && i)).toEqual(known.map((_, i) => i === 1 && 1));
    expect(evidence.firstItemOf('list-0')).toBe('changed');
  });

  it('is the first 64 sizes at which it cuts, which are all that it should have', () => {
    const { evidence } = start();
    for (let size = 100; size < 200; size++) evidence.noteCut(size);
    expect(Array.from({ length: 100 }, (_, i) => evidence.isCut(100 + i)).filter(Boolean)).toHaveLength(64);
  });

  it('is whether it heeds the place of a window, by the form of requests', () => {
    const { evidence } = start();
    evidence.notePlaceHeeded(FORM);
    expect([evidence.isPlaceHeeded(FORM), evidence.isPlaceHeeded('customer')]).toEqual([true, false]);
  });
});
