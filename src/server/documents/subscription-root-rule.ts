import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

/**
 * Refuses `@skip` and `@include` on a subscription's root field, as the GraphQL
 * specification does since 2025 (section 5.2.4.1). graphql-js 16 accepts them
 * and then reports an operation without a field as a server error.
 */
export function subscriptionRootRule(context: ValidationContext): ASTVisitor {
  const report = (selectionSet: SelectionSetNode, seen: Set<FragmentDefinitionNode>): void => {
    for (const selection of selectionSet.selections) {
      const conditions =
        selection.directives?.filter(({ name }) => /^(skip|include)$/.test(name.value)) ?? [];
      if (conditions.length > 0) {
        const message = 'The root field of a subscription cannot have @skip or @include.';
        context.reportError(new GraphQLError(message, { nodes: conditions }));
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) report(selection.selectionSet, seen);
      if (selection.kind !== Kind.FRAGMENT_SPREAD) continue;
      const fragment = context.getFragment(selection.name.value);
      if (!fragment || seen.has(fragment)) continue;
      seen.add(fragment);
      report(fragment.selectionSet, seen);
    }
  };
  return {
    OperationDefinition: (operation) => {
      if (operation.operation === 'subscription') report(operation.selectionSet, new Set());
    },
  };
}
