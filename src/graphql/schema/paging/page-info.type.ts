import { Directive, Extensions, Field, ObjectType } from 'type-graphql';
import { costs } from '../../analysis/field-costs';

@Directive('@shareable')
@Directive('@cacheControl(scope: PRIVATE)')
@ObjectType('PageInfo', { simpleResolvers: true, description: 'Where a page lies in its list (Relay Cursor Connections).' })
export class PageInfoType {
  @Extensions(costs({ reads: 'next-page' }))
  @Field(() => Boolean, {
    description: 'Whether invoices follow after this page; with a filter, whether another one was found that it means.',
  })
  readonly hasNextPage!: boolean;

  @Extensions(costs({ reads: 'previous-page' }))
  @Field(() => Boolean, {
    description:
      'Whether invoices come before this page. With a filter and `last`, whether another one was found that it means; ' +
      'with a filter and `first`, whether `after` is given.',
  })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "The first invoice's cursor; null on an empty page." })
  readonly startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The last invoice's cursor, to be given as `after` for the next page; null on an empty page.",
  })
  readonly endCursor!: string | null;
}
