/**
 * Estimates the cost of an operation before it runs: one point per field, multiplied by the sizes of the
 * lists around it. A list size that comes from a variable counts as the maximum, because a document is
 * checked once for all values of its variables.
 */
import { GraphQLError, type ValidationRule } from 'graphql';
import { type ListSizes, type Measure, Weights } from './weights.js';

/** Creates a validation rule that refuses operations whose estimated cost exceeds `limit`. */
export function queryCostRule(limit: number, sizes: ListSizes): ValidationRule {
  return weightRule({ ofField: () => 1, perItem: 0 }, sizes, (cost) => {
    if (cost <= limit) return;
    throw new GraphQLError(
      `The estimated cost of the operation is ${cost}, but the limit is ${limit}. Request fewer fields or items.`,
    );
  });
}

/** A validation rule that weighs each operation, and passes its weight to `check`, which throws if it is too much. */
export function weightRule(
  measure: Measure,
  sizes: ListSizes,
  check: (weight: number) => void,
): ValidationRule {
  return function Weight(context) {
    const schema = context.getSchema();
    const fragmentNamed = (name: string) => context.getFragment(name);
    const weights = new Weights({ schema, fragmentNamed, sizes, measure });
    return {
      OperationDefinition: ({ operation, selectionSet }) =>
        check(weights.of(selectionSet, schema.getRootType(operation) ?? undefined)),
    };
  };
}
