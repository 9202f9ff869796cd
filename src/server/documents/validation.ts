/**
 * What a document may be, whichever transport it comes over: refused before anything of it runs.
 *
 *   parse     tokens
 *   validate  a subscription's root field, depth, aliases, directives, names, cost; introspection, where that is off
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
import { type ListSizes, queryCostRule } from './cost-rule.js';
import { subscriptionRootRule } from './subscription-root-rule.js';

/** The most that a document may have of each; 0 is no limit. */
export interface QueryLimits {
  depth: number;
  aliases: number;
  directives: number;
  tokens: number;
  cost: number;
}

export interface QueryLimitOptions {
  limits: QueryLimits;
  sizes: ListSizes;
  /** Whether the schema may be asked for. Where not, errors name no field that was not asked for either. */
  introspection: boolean;
}

/** Yoga's part; whoever parses and validates by Yoga's hooks has the same rules. */
export function createQueryLimits({ limits, sizes, introspection }: QueryLimitOptions): Plugin {
  const { depth, aliases, directives, tokens, cost } = limits;
  const rules: ValidationRule[] = [subscriptionRootRule, nameLengthRule];
  // A fragment is no deeper for being one, and an alias no cheaper for standing before __typename.
  if (depth > 0) rules.push(maxDepthRule({ n: depth, flattenFragments: true }) as ValidationRule);
  if (aliases > 0) rules.push(maxAliasesRule({ n: aliases, allowList: [] }) as ValidationRule);
  if (directives > 0) rules.push(maxDirectivesRule({ n: directives }) as ValidationRule);
  if (cost > 0) rules.push(queryCostRule(cost, sizes));
  if (!introspection) rules.push(NoSchemaIntrospectionCustomRule);

  return {
    onParse: ({ setParseFn }) => {
      if (tokens > 0) setParseFn((source, options) => parse(source, { ...options, maxTokens: tokens }));
    },
    onValidate: ({ addValidationRule, setValidationFn }) => {
      for (const rule of rules) addValidationRule(rule);
      if (introspection) return;
      setValidationFn((schema, document, given, options, typeInfo) =>
        validate(schema, document, given, { ...options, hideSuggestions: true }, typeInfo),
      );
    },
  };
}

/** Characters in a name. */
const LONGEST_NAME = 128;

/**
 * A validation rule that refuses long names. An alias stands in the answer once for each item of a list: one
 * of 60,000 characters makes a page of 200 messages an answer of twelve megabytes.
 */
const nameLengthRule: ValidationRule = (context) => ({
  Name: (node: NameNode) => {
    if (node.value.length <= LONGEST_NAME) return;
    context.reportError(
      new GraphQLError(`A name is limited to ${LONGEST_NAME} characters.`, { nodes: [node] }),
    );
  },
});
