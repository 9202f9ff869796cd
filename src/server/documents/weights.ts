/**
 * Weighs selections: the sum of their fields, each multiplied by the sizes of the lists around it. What a field weighs
 * is up to a measure, such as one point each, or the bytes of its value.
 */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  type SelectionSetNode,
  type ValueNode,
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

export interface WeightsOptions {
  schema: GraphQLSchema;
  fragmentNamed(name: string): FragmentDefinitionNode | null | undefined;
  sizes: ListSizes;
  measure: Measure;
  /**
   * The value of a variable, as far as it is known; null or undefined if an argument with it counts as not given.
   * If omitted, a list size that comes from a variable counts as the maximum.
   */
  variable?(name: string): unknown;
}

/** The weights of selections in one document. */
export class Weights {
  /** Weights of fragments. 0 while a fragment is being counted: another rule refuses cycles. */
  readonly #fragments = new Map<string, number>();

  constructor(private readonly options: WeightsOptions) {}

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
    const own = this.options.measure.ofField(node, type);
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
    // Other rules limit introspection and refuse unknown fields.
    if (node.selectionSet === undefined || node.name.value.startsWith('__') || !field) return own;
    const inner = getNamedType(field.type);
    const below = this.of(node.selectionSet, isCompositeType(inner) ? inner : undefined);
    return own + this.#itemsOf(node, field, inner.name) * (this.options.measure.perItem + below);
  }

  #itemsOf(node: FieldNode, field: GraphQLField<unknown, unknown>, typeName: string): number {
    const { defaultPageSize, most } = this.options.sizes;
    let items: number | undefined;
    for (const { name, value } of node.arguments ?? []) {
      const bound = most[name.value];
      if (bound === undefined) continue;
      const asked = this.#askedBy(value, bound);
      if (asked !== undefined) items = Math.max(items ?? 0, asked);
    }
    if (items !== undefined) return items;
    const standard = field.args.find(({ name }) => name in most)?.defaultValue;
    if (typeof standard === 'number') return standard;
    return typeName.endsWith('Connection') ? defaultPageSize : 1;
  }

  /** The list size in an argument, at most `bound`: a larger value is refused when the operation runs. */
  #askedBy(value: ValueNode, bound: number): number | undefined {
    const { variable } = this.options;
    if (value.kind === 'IntValue') return Math.min(Number(value.value), bound);
    if (value.kind !== 'Variable' || variable === undefined) return bound;
    const asked = variable(value.name.value);
    if (asked == null) return undefined;
    return typeof asked === 'number' ? Math.min(asked, bound) : bound;
  }

  #ofFragment(name: string): number {
    const known = this.#fragments.get(name);
    if (known !== undefined) return known;
    this.#fragments.set(name, 0);
    const fragment = this.options.fragmentNamed(name);
    const weight = fragment
      ? this.of(fragment.selectionSet, this.#typeNamed(fragment.typeCondition.name.value))
      : 0;
    this.#fragments.set(name, weight);
    return weight;
  }

  #typeNamed(name: string): GraphQLCompositeType | undefined {
    const type = this.options.schema.getType(name);
    return isCompositeType(type) ? type : undefined;
  }
}
