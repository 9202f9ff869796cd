/**
 * What an operation may cost at most, before it runs: one for each field, times the items of the lists that
 * it is in. A size that a variable gives counts as the largest that is allowed, since a document is judged
 * once, whatever its variables are.
 */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  GraphQLError,
  type GraphQLField,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

/** The sizes of lists. */
export interface ListSizes {
  /** Where neither `first` nor `last` is given to a page. */
  defaultPageSize: number;
  /** The most that each of these arguments may ask for. */
  most: Readonly<Record<string, number>>;
}

/** A validation rule that refuses operations which cost more than `limit`. */
export function queryCostRule(limit: number, sizes: ListSizes): ValidationRule {
  return function QueryCost(context) {
    const costs = new Costs(context, sizes);
    return {
      OperationDefinition: ({ operation, selectionSet }) => {
        const cost = costs.of(selectionSet, context.getSchema().getRootType(operation) ?? undefined);
        if (cost <= limit) return;
        throw new GraphQLError(`The operation may cost ${cost}, and the limit is ${limit}: ask for less.`);
      },
    };
  };
}

class Costs {
  /** Of fragments that were met; 0 for one that is being counted, since cycles are another rule's matter. */
  readonly #fragments = new Map<string, number>();

  constructor(
    private readonly context: ValidationContext,
    private readonly sizes: ListSizes,
  ) {}

  of({ selections }: SelectionSetNode, type: GraphQLCompositeType | undefined): number {
    let cost = 0;
    for (const selection of selections) {
      if (selection.kind === 'Field') cost += this.#ofField(selection, type);
      else if (selection.kind === 'InlineFragment') {
        const condition = selection.typeCondition?.name.value;
        cost += this.of(selection.selectionSet, condition === undefined ? type : this.#typeNamed(condition));
      } else cost += this.#ofFragment(selection.name.value);
    }
    return cost;
  }

  #ofField(node: FieldNode, type: GraphQLCompositeType | undefined): number {
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
    // Introspection costs what its own rules allow; what does not exist is refused by another rule.
    if (node.selectionSet === undefined || node.name.value.startsWith('__') || !field) return 1;
    const inner = getNamedType(field.type);
    const below = this.of(node.selectionSet, isCompositeType(inner) ? inner : undefined);
    return 1 + this.#itemsOf(node, field, inner.name) * below;
  }

  #itemsOf(node: FieldNode, field: GraphQLField<unknown, unknown>, typeName: string): number {
    const { defaultPageSize, most } = this.sizes;
    let items: number | undefined;
    for (const { name, value } of node.arguments ?? []) {
      const bound = most[name.value];
      if (bound === undefined) continue;
      // More than is allowed is refused when it runs.
      const asked = value.kind === 'IntValue' ? Math.min(Number(value.value), bound) : bound;
      items = Math.max(items ?? 0, asked);
    }
    if (items !== undefined) return items;
    const standard = field.args.find(({ name }) => name in most)?.defaultValue;
    if (typeof standard === 'number') return standard;
    return typeName.endsWith('Connection') ? defaultPageSize : 1;
  }

  #ofFragment(name: string): number {
    const known = this.#fragments.get(name);
    if (known !== undefined) return known;
    this.#fragments.set(name, 0);
    const fragment: FragmentDefinitionNode | null | undefined = this.context.getFragment(name);
    const cost = fragment
      ? this.of(fragment.selectionSet, this.#typeNamed(fragment.typeCondition.name.value))
      : 0;
    this.#fragments.set(name, cost);
    return cost;
  }

  #typeNamed(name: string): GraphQLCompositeType | undefined {
    const type = this.context.getSchema().getType(name);
    return isCompositeType(type) ? type : undefined;
  }
}
