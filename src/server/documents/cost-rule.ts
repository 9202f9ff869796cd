/**
 * Estimates the cost of an operation before it runs: one point per field, multiplied by the sizes of the
 * lists around it. A list size that comes from a variable counts as the maximum, because a document is
 * checked once for all values of its variables.
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

/** How long lists can be. */
export interface ListSizes {
  /** Items in a page that is requested without `first` and `last`. */
  defaultPageSize: number;
  /** The largest value of each argument that sets a list's size. */
  most: Readonly<Record<string, number>>;
}

/** What one field adds to a document's weight. */
export interface Measure {
  /** A field by itself, without what is selected below it. */
  ofField(node: FieldNode, type: GraphQLCompositeType | undefined): number;
  /** Each object in a list, besides its fields. */
  perItem: number;
}

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
    const weights = new Weights(context, sizes, measure);
    return {
      OperationDefinition: ({ operation, selectionSet }) =>
        check(weights.of(selectionSet, context.getSchema().getRootType(operation) ?? undefined)),
    };
  };
}

class Weights {
  /** Weights of fragments. 0 while a fragment is being counted: another rule refuses cycles. */
  readonly #fragments = new Map<string, number>();

  constructor(
    private readonly context: ValidationContext,
    private readonly sizes: ListSizes,
    private readonly measure: Measure,
  ) {}

  of({ selections }: SelectionSetNode, type: GraphQLCompositeType | undefined): number {
    let weight = 0;
    for (const selection of selections) {
      if (selection.kind === 'Field') weight += this.#ofField(selection, type);
      else if (selection.kind === 'InlineFragment') {
        const condition = selection.typeCondition?.name.value;
        weight += this.of(
          selection.selectionSet,
          condition === undefined ? type : this.#typeNamed(condition),
        );
      } else weight += this.#ofFragment(selection.name.value);
    }
    return weight;
  }

  #ofField(node: FieldNode, type: GraphQLCompositeType | undefined): number {
    const own = this.measure.ofField(node, type);
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
    // Other rules limit introspection and refuse unknown fields.
    if (node.selectionSet === undefined || node.name.value.startsWith('__') || !field) return own;
    const inner = getNamedType(field.type);
    const below = this.of(node.selectionSet, isCompositeType(inner) ? inner : undefined);
    return own + this.#itemsOf(node, field, inner.name) * (this.measure.perItem + below);
  }

  #itemsOf(node: FieldNode, field: GraphQLField<unknown, unknown>, typeName: string): number {
    const { defaultPageSize, most } = this.sizes;
    let items: number | undefined;
    for (const { name, value } of node.arguments ?? []) {
      const bound = most[name.value];
      if (bound === undefined) continue;
      // A larger value is refused when the operation runs.
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
    const weight = fragment
      ? this.of(fragment.selectionSet, this.#typeNamed(fragment.typeCondition.name.value))
      : 0;
    this.#fragments.set(name, weight);
    return weight;
  }

  #typeNamed(name: string): GraphQLCompositeType | undefined {
    const type = this.context.getSchema().getType(name);
    return isCompositeType(type) ? type : undefined;
  }
}
