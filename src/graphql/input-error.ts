import type { StandardSchemaV1 } from '@pothos/plugin-validation';
import { badInput, type ChatError } from '#domain/errors.js';

/** The first thing that is wrong with an operation's arguments, as the refusal that the client sees. */
export function refusal(failure: StandardSchemaV1.FailureResult): ChatError {
  const [issue] = failure.issues;
  if (!issue) throw new Error('Arguments were refused without a reason.');
  return badInput(pathOf(issue), issue.message, limitOf(issue));
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  return (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
}

/** The limit that a rule put in its `params`, where it has one. */
function limitOf(issue: StandardSchemaV1.Issue & { params?: { limit?: unknown } }): number | undefined {
  const limit = issue.params?.limit;
  return typeof limit === 'number' ? limit : undefined;
}
