import { Directive, Field, ObjectType } from 'type-graphql';
import { PageInfoType } from '../paging/page-info.type';
import { InvoiceType } from './invoice.type';

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
