import type { Parser } from './parsers.js';

/**
 * An environment variable. `Value` is the type of its value, which includes undefined if it has no default.
 */
export interface Variable<Value = unknown> {
  readonly parser: Parser<NonNullable<Value>>;
  /** Complete sentences that say what it is for. The accepted values and the default are appended. */
  readonly description: string;
  /** The value if the variable is not set. */
  readonly default: Value;
  /** The same when NODE_ENV is `production`. */
  readonly productionDefault: Value;
  /** Whether the value may contain a password. Errors never repeat it then. */
  readonly isSecret: boolean;
}

/** Variables that belong together. */
export interface Section {
  readonly title: string;
  /** A note about all variables of the section. */
  readonly note?: string;
  readonly variables: Readonly<Record<string, Variable>>;
}

interface Declaration<T> {
  parser: Parser<T>;
  description: string;
  secret?: true;
}

interface Defaults<T> {
  default: T;
  /** The default in production, if it differs. */
  productionDefault?: T;
}

/** Declares a variable. Without a default, its value is undefined while it is not set. */
export function variable<T>(declaration: Declaration<T> & Defaults<NoInfer<T>>): Variable<T>;
export function variable<T>(declaration: Declaration<T>): Variable<T | undefined>;
export function variable<T>(declaration: Declaration<T> & Partial<Defaults<T>>): Variable<T | undefined> {
  const {
    parser,
    description,
    default: standard,
    productionDefault = standard,
    secret = false,
  } = declaration;
  return {
    parser: parser as Parser<NonNullable<T>>,
    description,
    default: standard,
    productionDefault,
    isSecret: secret,
  };
}

/** The values of a section's variables, by their names. */
export type ValuesOf<V extends Section['variables']> = {
  [Name in keyof V]: V[Name] extends Variable<infer Value> ? Value : never;
};
