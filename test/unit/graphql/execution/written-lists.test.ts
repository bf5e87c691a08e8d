import { WrittenLists } from '../../../../src/graphql/execution/writing/written-lists';
import type { ListPlan } from '../../../../src/graphql/execution/plan';

const toPlan = (): ListPlan => ({
  kind: 'list',
  nullable: true,
  live: false,
  item: { kind: 'leaf', leaf: 'String', nullable: true },
});
const place = { from: 3, to: 9, objects: 2 };

describe('The lists of a response', () => {
  it('are found under their plan until another list is written under it', () => {
    const lists = new WrittenLists();
    const [plan, other] = [toPlan(), toPlan()];
    const [one, two] = [[1], [1]];
    lists.note(plan, one, place);
    expect(lists.find(plan, one)).toMatchObject(place);
    // The same list in another selection has other bytes.
    expect(lists.find(other, one)).toBeUndefined();
    lists.note(plan, two, { from: 10, to: 20, objects: 1 });
    expect(lists.find(plan, one)).toBeUndefined();
    expect(lists.find(plan, two)).toMatchObject({ from: 10, to: 20, objects: 1 });
  });

  it('are forgotten with the response', () => {
    const lists = new WrittenLists();
    const [plan, list] = [toPlan(), [1]];
    lists.note(plan, list, place);
    lists.clear();
    expect(lists.find(plan, list)).toBeUndefined();
    lists.note(toPlan(), list, place);
    expect(lists.find(plan, list)).toBeUndefined();
  });

  it('are remembered for a few plans', () => {
    const lists = new WrittenLists();
    const plans = Array.from({ length: 100 }, toPlan);
    const list = [1];
    for (const plan of plans) lists.note(plan, list, place);
    expect(plans.filter((plan) => lists.find(plan, list))).toEqual(plans.slice(0, 16));
  });
});
