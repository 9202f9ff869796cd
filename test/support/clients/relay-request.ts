import { readFileSync } from 'node:fs';
import {
  buildSchema,
  type DocumentNode,
  type FieldNode,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionSetNode,
} from 'graphql';
import type { ConcreteRequest, NormalizationSelection } from 'relay-runtime';

const schema = buildSchema(readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'));

/** Compiles a document as Relay's compiler does. Supports one operation, without fragments or literals. */
export function relayRequest(document: DocumentNode): ConcreteRequest {
  const operation = document.definitions[0] as OperationDefinitionNode;
  const name = operation.name!.value;
  const argumentDefinitions = (operation.variableDefinitions ?? []).map(({ variable }) => ({
    kind: 'LocalArgument' as const,
    name: variable.name.value,
    defaultValue: null,
  }));
  const root = schema.getRootType(operation.operation)!;
  const selections = selectionsOf(root, operation.selectionSet);
  return {
    kind: 'Request',
    fragment: {
      kind: 'Fragment',
      name,
      type: root.name,
      argumentDefinitions,
      // Without fragments, the reader AST is the same as the normalization AST.
      selections: selections as ConcreteRequest['fragment']['selections'],
    },
    operation: { kind: 'Operation', name, argumentDefinitions, selections },
    params: {
      id: null,
      cacheID: name,
      name,
      operationKind: operation.operation,
      text: print(document),
      metadata: {},
    },
  };
}

function selectionsOf(parent: GraphQLObjectType, { selections }: SelectionSetNode): NormalizationSelection[] {
  return selections.map((selection) => {
    if (selection.kind !== Kind.FIELD) throw new Error('Fragments are not supported here.');
    return fieldOf(parent, selection);
  });
}

function fieldOf(parent: GraphQLObjectType, node: FieldNode): NormalizationSelection {
  const name = node.name.value;
  const type = getNullableType(parent.getFields()[name]!.type);
  const concrete = getNamedType(type);
  const args = (node.arguments ?? []).map((argument) => {
    if (argument.value.kind !== Kind.VARIABLE) throw new Error('Literal arguments are not supported here.');
    return {
      kind: 'Variable' as const,
      name: argument.name.value,
      variableName: argument.value.name.value,
    };
  });
  const common = {
    alias: node.alias?.value ?? null,
    name,
    args: args.length > 0 ? args : null,
    storageKey: null,
  };
  if (!isObjectType(concrete)) return { kind: 'ScalarField', ...common };
  return {
    kind: 'LinkedField',
    ...common,
    concreteType: concrete.name,
    plural: isListType(type),
    selections: selectionsOf(concrete, node.selectionSet!),
  };
}
