import { Directive, Extensions, Field, ObjectType } from 'type-graphql';
import { costs } from '../../analysis/field-costs';
import { InvoiceType } from './invoice.type';

@Directive('@shareable')
@Directive('@cacheControl(scope: PRIVATE)')
@ObjectType('PageInfo', { simpleResolvers: true, description: 'Where a page lies in its list (Relay Cursor Connections).' })
export class PageInfoType {
  @Extensions(costs({ reads: 'next-page' }))
  @Field(() => Boolean, { description: 'Whether invoices follow after this page.' })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether invoices come before this page.' })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "The first invoice's cursor; null on an empty page." })
  readonly startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The last invoice's cursor, to be given as `after` for the next page; null on an empty page.",
  })
  readonly endCursor!: string | null;
}

@Directive('@cacheControl(scope: PRIVATE)')
@ObjectType('InvoiceEdge', { simpleResolvers: true, description: 'An invoice and its place in the list.' })
export class InvoiceEdgeType {
  @Field(() => String, { description: "The invoice's cursor, to be given as `after`." })
  readonly cursor!: string;

  @Field(() => InvoiceType, { description: 'The invoice.' })
  readonly node!: InvoiceType;
}

@Directive('@cacheControl(scope: PRIVATE)')
@ObjectType('InvoiceConnection', { simpleResolvers: true, description: 'A page of invoices, in the order of the billing API.' })
export class InvoiceConnectionType {
  @Field(() => [InvoiceEdgeType], { description: 'The invoices, each with its cursor.' })
  readonly edges!: InvoiceEdgeType[];

  @Field(() => [InvoiceType], { description: 'The invoices alone, without cursors.' })
  readonly nodes!: readonly InvoiceType[];

  @Field(() => PageInfoType, { description: 'Where the page lies in the list.' })
  readonly pageInfo!: PageInfoType;
}
