/**
 * GraphQL's CreateSourceEventStream (https://spec.graphql.org/draft/#CreateSourceEventStream), planned once
 * for each document.
 *
 * graphql-js finds the operation, the fragments, the root field and its definition again for each
 * subscriber, in three async functions. Here they are looked up once, and a subscriber whose resolver answers
 * at once waits for nothing. The results are those of graphql-js. A document that this file does not know how
 * to plan is left to it.
 */
import {
  assertValidSchema,
  createSourceEventStream,
  type DocumentNode,
  defaultFieldResolver,
  type ExecutionArgs,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  Kind,
  locatedError,
  type OperationDefinitionNode,
} from 'graphql';

/** What the resolver of a subscription field returned, or the errors that kept it from being called. */
export type Source = AsyncIterable<unknown> | ExecutionResult;

/** What all subscribers with one operation have in common. */
interface Plan {
  operation: OperationDefinitionNode;
  fragments: Record<string, FragmentDefinitionNode>;
  rootType: GraphQLObjectType;
  field: GraphQLField<unknown, unknown>;
  fieldNodes: FieldNode[];
  path: GraphQLResolveInfo['path'];
}

/** graphql-js stops after this many errors in the variables. */
const MAX_VARIABLE_ERRORS = 50;

/** Creates the source streams of one schema's subscriptions. */
export class SourceStreams {
  /** By document and operation name, for as long as the document lives. */
  readonly #plans = new WeakMap<DocumentNode, Map<string | undefined, Plan>>();

  /** Throws if the schema is not valid. */
  constructor(private readonly schema: GraphQLSchema) {
    assertValidSchema(schema);
  }

  /**
   * Calls the resolver of the operation's root field. Errors in the variables or from the resolver come back
   * as a result, as graphql-js' `createSourceEventStream` returns them. Throws or rejects if the resolver
   * gives something that is not a stream: a bug in the schema.
   */
  create(args: ExecutionArgs): Source | Promise<Source> {
    const plan = this.#isUsual(args) ? this.#planOf(args.document, args.operationName ?? undefined) : null;
    return plan === null ? createSourceEventStream(args) : this.#run(plan, args);
  }

  /** Whether the arguments are those that our transports give. */
  #isUsual({ schema, variableValues, options, subscribeFieldResolver }: ExecutionArgs): boolean {
    return (
      schema === this.schema &&
      (variableValues == null || typeof variableValues === 'object') &&
      options === undefined &&
      subscribeFieldResolver == null
    );
  }

  #run(plan: Plan, args: ExecutionArgs): Source | Promise<Source> {
    const { operation, field, fieldNodes, path } = plan;
    const variables = getVariableValues(
      this.schema,
      operation.variableDefinitions ?? [],
      args.variableValues ?? {},
      { maxErrors: MAX_VARIABLE_ERRORS, hideSuggestions: args.hideSuggestions ?? false },
    );
    if (variables.errors !== undefined) return { errors: variables.errors };
    const failed = (error: unknown): Source => ({ errors: [locatedError(error, fieldNodes, [path.key])] });
    const settled = (value: unknown): Source => (value instanceof Error ? failed(value) : streamOf(value));
    let value: unknown;
    try {
      const resolve = field.subscribe ?? defaultFieldResolver;
      const fieldArgs = getArgumentValues(field, fieldNodes[0]!, variables.coerced);
      value = resolve(args.rootValue, fieldArgs, args.contextValue, {
        fieldName: field.name,
        fieldNodes,
        returnType: field.type,
        parentType: plan.rootType,
        path,
        schema: this.schema,
        fragments: plan.fragments,
        rootValue: args.rootValue,
        operation,
        variableValues: variables.coerced,
      });
    } catch (error) {
      return failed(error);
    }
    return value instanceof Promise ? value.then(settled, failed) : settled(value);
  }

  /** Only operations that the document holds are remembered, whatever names clients ask for. */
  #planOf(document: DocumentNode, operationName: string | undefined): Plan | null {
    let plans = this.#plans.get(document);
    if (plans === undefined) {
      plans = new Map();
      this.#plans.set(document, plans);
    }
    const known = plans.get(operationName);
    if (known !== undefined) return known;
    const plan = this.#plan(document, operationName);
    if (plan !== null) plans.set(operationName, plan);
    return plan;
  }

  /** Null for what graphql-js has to do: a root field in a fragment, with directives, or not in the schema. */
  #plan(document: DocumentNode, operationName: string | undefined): Plan | null {
    const rootType = this.schema.getSubscriptionType();
    const operation = getOperationAST(document, operationName);
    if (!rootType || operation?.operation !== 'subscription') return null;
    const [node, ...others] = operation.selectionSet.selections;
    if (node?.kind !== Kind.FIELD || others.length > 0 || node.directives?.length) return null;
    const field = rootType.getFields()[node.name.value];
    if (field === undefined) return null;
    const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
    }
    const key = node.alias?.value ?? node.name.value;
    const path = { prev: undefined, key, typename: rootType.name };
    return { operation, fragments, rootType, field, fieldNodes: [node], path };
  }
}

function streamOf(value: unknown): AsyncIterable<unknown> {
  if (typeof (value as AsyncIterable<unknown> | null)?.[Symbol.asyncIterator] === 'function') {
    return value as AsyncIterable<unknown>;
  }
  throw new Error('A subscription field must return an async iterable.');
}
