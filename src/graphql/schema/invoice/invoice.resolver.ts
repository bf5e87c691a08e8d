import type { GraphQLResolveInfo } from 'graphql';
import { Ctx, Extensions, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import type { Invoice } from '../../../billing/model/bills';
import { Contract } from '../../../billing/loading/contract';
import { isContractNumber } from '../../../billing/model/customer';
import { costs } from '../../analysis/field-costs';
import type { GatewayContext } from '../../context/context';
import { ContractType } from '../contract/contract.type';
import { loadContract } from '../contract/load-contract';
import { selectContract } from '../../analysis/selection';
import { InvoiceType } from './invoice.type';

@Resolver(() => InvoiceType)
export class InvoiceResolver {
  @Extensions(costs({ reads: 'contract-of-invoice' }))
  @FieldResolver(() => ContractType, {
    nullable: true,
    description: 'The contract that the invoice was read under. Its number and customer cost no further upstream call.',
  })
  contract(
    @Root() invoice: Invoice,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Contract | null> | Contract | null {
    if (!context.results.take(1)) return null;
    const { customer, contractNumber } = invoice.origin;
    // Among all a customer's invoices, the invoice itself says which contract it belongs to.
    const number = contractNumber ?? invoice.contractNumber;
    if (number === null || !isContractNumber(number)) return null;
    // The billing API has just shown that the contract exists: its key needs no call.
    if (!selectContract(info, context).needsBills) return new Contract(customer, number, null, []);
    return loadContract(customer, number, context, info);
  }
}
