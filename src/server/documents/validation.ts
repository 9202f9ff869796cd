/**
 * Limits on documents. They apply to every transport, and a
 * document that exceeds one is refused before it runs.
 *
 *   parse     tokens
 *   validate  the root field of subscriptions, depth, aliases, directives, names, cost, bytes of the response,
 *             introspection if it is off
 */
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives';
import {
  GraphQLError,
  type NameNode,
  NoSchemaIntrospectionCustomRule,
  parse,
  type ValidationRule,
  validate,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { queryCostRule } from './cost-rule.js';
import { responseBytesRule, type TextBytes } from './response-bytes-rule.js';
import { subscriptionRootRule } from './subscription-root-rule.js';
import type { ListSizes } from './weights.js';

/** The maximum of each in a document. 0 means no limit. */
export interface QueryLimits {
  depth: number;
  aliases: number;
  directives: number;
  tokens: number;
  cost: number;
  responseBytes: number;
}

export interface QueryLimitOptions {
  limits: QueryLimits;
  sizes: ListSizes;
  texts: TextBytes;
  /** Whether clients may read the schema. If not, errors do not suggest names from it either. */
  introspection: boolean;
}

/**
 * Creates a Yoga plugin for the limits. All transports parse and validate through Yoga, so it applies to all.
 */
export function createQueryLimits({ limits, sizes, texts, introspection }: QueryLimitOptions): Plugin {
  const { depth, aliases, directives, tokens, cost, responseBytes } = limits;
  const rules: ValidationRule[] = [subscriptionRootRule, nameLengthRule];
  // Fragments do not add depth, and aliases of __typename count like any other.
  if (depth > 0) rules.push(maxDepthRule({ n: depth, flattenFragments: true }) as ValidationRule);
  if (aliases > 0) rules.push(maxAliasesRule({ n: aliases, allowList: [] }) as ValidationRule);
  if (directives > 0) rules.push(maxDirectivesRule({ n: directives }) as ValidationRule);
  if (cost > 0) rules.push(queryCostRule(cost, sizes));
  if (responseBytes > 0) rules.push(responseBytesRule(responseBytes, sizes, texts));
  if (!introspection) rules.push(NoSchemaIntrospectionCustomRule);

  return {
    onParse: ({ setParseFn }) => {
      if (tokens > 0) setParseFn((source, options) => parse(source, { ...options, maxTokens: tokens }));
    },
    onValidate: ({ addValidationRule, setValidationFn }) => {
      for (const rule of rules) addValidationRule(rule);
      const bounds = { maxErrors: MAX_ERRORS, hideSuggestions: !introspection };
      setValidationFn((schema, document, given, options, typeInfo) =>
        validate(schema, document, given, { ...options, ...bounds }, typeInfo),
      );
    },
  };
}

/** The number of errors reported for one document. graphql-js adds one that says that there are more. */
const MAX_ERRORS = 10;

/** The maximum number of characters in a name, such as an alias. */
const MAX_NAME_LENGTH = 128;

/**
 * A validation rule that refuses long names. A response repeats an alias for each item of a list, so an alias
 * of 60,000 characters would turn a page of 200 messages into a response of twelve megabytes.
 */
const nameLengthRule: ValidationRule = (context) => ({
  Name: (node: NameNode) => {
    if (node.value.length <= MAX_NAME_LENGTH) return;
    context.reportError(
      new GraphQLError(`A name is limited to ${MAX_NAME_LENGTH} characters.`, { nodes: [node] }),
    );
  },
});
