import { GraphQLError, type NameNode, type ValidationRule } from 'graphql';

/** Characters in a name. */
const LONGEST_NAME = 128;

/**
 * A validation rule that refuses long names. An alias stands in the answer once for each item of a list: one
 * of 60,000 characters makes a page of 200 messages an answer of twelve megabytes.
 */
export const nameLengthRule: ValidationRule = (context) => ({
  Name: (node: NameNode) => {
    if (node.value.length <= LONGEST_NAME) return;
    context.reportError(
      new GraphQLError(`A name is limited to ${LONGEST_NAME} characters.`, { nodes: [node] }),
    );
  },
});
