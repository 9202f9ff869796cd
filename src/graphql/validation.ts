import type { StandardSchemaV1 } from '@pothos/plugin-validation';
import type { z } from 'zod';
import { badInput, type ChatError } from '#domain/errors.js';

/** Turns failed validation into BAD_USER_INPUT. Reports the first problem only. */
export function asBadInput(failure: StandardSchemaV1.FailureResult): ChatError {
  const [issue] = failure.issues;
  if (!issue) throw new Error('Validation failed without an issue.');
  return badInput(pathOf(issue), issue.message, limitOf(issue));
}

/** Throws BAD_USER_INPUT, naming the argument, if a rule does not accept its value. */
export function validateArgument(rule: z.ZodType, name: string, value: unknown): void {
  const { error } = rule.safeParse(value);
  if (error) throw asBadInput({ issues: error.issues.map((issue) => ({ ...issue, path: [name] })) });
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  return (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
}

/** The limit that a rule put into its `params`, if any. */
function limitOf(issue: StandardSchemaV1.Issue & { params?: { limit?: unknown } }): number | undefined {
  const limit = issue.params?.limit;
  return typeof limit === 'number' ? limit : undefined;
}
