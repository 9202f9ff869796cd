import type { Parser } from './parsers.js';

/** One environment variable. `Value` is its type once it is read, with undefined if it has no default. */
export interface Variable<Value = unknown> {
  readonly parser: Parser<NonNullable<Value>>;
  /** What it is for, as complete sentences. The accepted values and the default are added to it. */
  readonly description: string;
  /** The value if the variable is not set. */
  readonly default: Value;
  /** The same when NODE_ENV is `production`. */
  readonly productionDefault: Value;
  /** Whether the value may hold a password. It is then never repeated in an error. */
  readonly isSecret: boolean;
}

/** Variables that belong together, by their names. */
export interface Section {
  readonly title: string;
  /** What holds for all variables of the section. */
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

/** Declares a variable. Without a default, its value is undefined if it is not set. */
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
