import { createHash } from 'node:crypto';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  getVariableValues,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { canonicalText } from './canonical.js';

/** The part of a subscription that determines the bytes its clients receive. */
export interface Selection {
  /** Names of the variables that affect the result, sorted. */
  readonly variables: readonly string[];
  /** Whether a selected field is marked as depending on the viewer. */
  readonly viewerDependent: boolean;
  /**
   * A key for these values of the operation's variables. Keys of two operations are equal only if both always have
   * the same results. A key is short, however long the document is.
   */
  keyFor(values: ReadonlyVariables): string;
}

type ReadonlyVariables = Readonly<Record<string, unknown>> | null | undefined;

/** Keys to cache for each selection, by the values of its variables. */
const CACHED_KEYS = 32;

/** Characters of a key. Longer ones are replaced by their hash. */
const KEY_LENGTH = 256;

/**
 * Finds the selection of a subscription, and caches it for the lifetime of the document.
 *
 * The operation's name and the arguments of the root field are not part of it. Subscriptions are shared
 * within one room, so all have the same room, and the start position only affects the cursor.
 */
export class Selections {
  readonly #cache = new WeakMap<DocumentNode, Map<string, Selection>>();

  constructor(private readonly schema: GraphQLSchema) {}

  /**
   * The selection of the named operation, or of the only one. Throws if the document has no such operation.
   */
  of(document: DocumentNode, operationName?: string | null): Selection {
    let ofDocument = this.#cache.get(document);
    if (ofDocument === undefined) {
      ofDocument = new Map();
      this.#cache.set(document, ofDocument);
    }
    let selection = ofDocument.get(operationName ?? '');
    if (selection === undefined) {
      selection = this.#analyze(document, operationName);
      ofDocument.set(operationName ?? '', selection);
    }
    return selection;
  }

  #analyze(document: DocumentNode, operationName?: string | null): Selection {
    const operation = getOperationAST(document, operationName);
    if (operation == null) throw new Error('The document does not contain this operation.');
    const selectionSet = withoutRootArguments(operation).selectionSet;
    const fragments = fragmentsUsed(document, selectionSet);
    const used = new Set<string>();
    for (const part of [selectionSet, ...fragments]) {
      visit(part, { Variable: (node) => void used.add(node.name.value) });
    }
    const variables = [...used].sort();
    const definitions = (operation.variableDefinitions ?? []).filter(({ variable }) =>
      used.has(variable.name.value),
    );
    const byName = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
    const makeKey = (values: Record<string, unknown>): string => {
      try {
        const { coerced, errors } = getVariableValues(this.schema, definitions, values);
        if (errors === undefined) return canonicalText(this.schema, operation, byName, coerced);
      } catch {
        // Has no canonical form, or an error that its execution will report.
      }
      const text = [...definitions, selectionSet, ...fragments].map(print).join('\n');
      return `as written\n${text}\n${JSON.stringify(values)}`;
    };
    return {
      variables,
      viewerDependent: this.#readsViewer({
        kind: Kind.DOCUMENT,
        definitions: [operation, ...fragments],
      }),
      keyFor: cached(variables, (values) => shortened(makeKey(values))),
    };
  }

  #readsViewer(document: DocumentNode): boolean {
    const types = new TypeInfo(this.schema);
    let found = false;
    visit(
      document,
      visitWithTypeInfo(types, {
        Field: (node) => {
          found ||= this.#possibleFields(types.getParentType(), node.name.value).some(
            (field) => field.extensions.viewerDependent === true,
          );
        },
      }),
    );
    return found;
  }

  /**
   * The field of a type, and if the type is abstract, the fields with that name of all its possible types.
   */
  #possibleFields(parent: ReturnType<TypeInfo['getParentType']>, name: string) {
    const type = parent == null ? parent : getNamedType(parent);
    const types = isAbstractType(type) ? [type, ...this.schema.getPossibleTypes(type)] : [type];
    return types.flatMap((candidate) => {
      const field =
        isObjectType(candidate) || isInterfaceType(candidate) ? candidate.getFields()[name] : undefined;
      return field === undefined ? [] : [field];
    });
  }
}

/** Caches the keys of the values that came most recently. */
function cached(
  variables: readonly string[],
  makeKey: (values: Record<string, unknown>) => string,
): Selection['keyFor'] {
  let onlyKey: string | undefined;
  const keys = new Map<string, string>();
  return (values) => {
    if (variables.length === 0) {
      onlyKey ??= makeKey({});
      return onlyKey;
    }
    // A missing variable takes its default, while null does not.
    const used: Record<string, unknown> = {};
    for (const name of variables) {
      if (values && Object.hasOwn(values, name)) used[name] = values[name] ?? null;
    }
    const text = shortened(JSON.stringify(used));
    let key = keys.get(text);
    if (key === undefined) {
      key = makeKey(used);
      if (keys.size >= CACHED_KEYS) keys.clear();
      keys.set(text, key);
    }
    return key;
  };
}

function shortened(text: string): string {
  return text.length <= KEY_LENGTH ? text : createHash('sha256').update(text).digest('base64');
}

function withoutRootArguments(operation: OperationDefinitionNode): OperationDefinitionNode {
  return {
    ...operation,
    selectionSet: {
      ...operation.selectionSet,
      selections: operation.selectionSet.selections.map((selection) =>
        selection.kind === Kind.FIELD ? { ...selection, arguments: [] } : selection,
      ),
    },
  };
}

/** The fragments that a selection uses, directly or through other fragments, sorted by name. */
function fragmentsUsed(
  document: DocumentNode,
  selectionSet: OperationDefinitionNode['selectionSet'],
): FragmentDefinitionNode[] {
  const defined = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) defined.set(definition.name.value, definition);
  }
  const used = new Map<string, FragmentDefinitionNode>();
  const collect = (node: OperationDefinitionNode['selectionSet'] | FragmentDefinitionNode): void => {
    visit(node, {
      FragmentSpread: ({ name }) => {
        const fragment = defined.get(name.value);
        if (fragment === undefined || used.has(name.value)) return;
        used.set(name.value, fragment);
        collect(fragment);
      },
    });
  };
  collect(selectionSet);
  return [...used.values()].sort((a, b) => (a.name.value < b.name.value ? -1 : 1));
}
