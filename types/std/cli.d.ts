/** What `@std/cli` exports, as far as it is used. */
declare module "@std/cli/parse-args" {
  /** One name, or several. */
  type Names<Name extends string> = Name | readonly Name[];

  /** How arguments are read; the type parameters are the names in the lists of the same letter. */
  export interface ParseOptions<
    Booleans extends string,
    Strings extends string,
    Collected extends string,
    Defaults extends object,
    DoubleDash extends boolean,
  > {
    /** Whether what follows `--` is kept apart. */
    "--"?: DoubleDash;
    /** Other names of an option. */
    alias?: Readonly<Record<string, string | readonly string[]>>;
    /** Options without a value, or true for all options. */
    boolean?: boolean | Names<Booleans>;
    /** The values of options that are not given. */
    default?: Defaults;
    /** Whether everything after the first operand is an operand. */
    stopEarly?: boolean;
    /** Options whose value stays a text; with `_` the operands too. */
    string?: Names<Strings>;
    /** Options that may be given several times. */
    collect?: Names<Collected>;
    /** Options that `--no-…` sets to false. */
    negatable?: string | readonly string[];
    /** Called for what no list names; where it returns false the argument is left out. */
    unknown?: (arg: string, key?: string, value?: unknown) => unknown;
  }

  /** A value that occurs once or is collected, and may be missing without a default. */
  type Value<Type, Name, Collected, Missing> = Name extends Collected ? Type[] : Type | Missing;

  /** What looks like a number becomes one. */
  type Operand = string | number;

  /** What comes with the operands, whichever options there are. */
  type Operands<Strings extends string, DoubleDash extends boolean> =
    & { _: string extends Strings ? Operand[] : "_" extends Strings ? string[] : Operand[] }
    & (DoubleDash extends true ? { "--": string[] } : unknown);

  /**
   * The options by their names. Unlike the published type it has no other properties, so that a
   * mistyped name is an error. Of names known at run time only nothing can be said.
   */
  export type Args<
    Booleans extends string,
    Strings extends string,
    Collected extends string,
    Defaults extends object,
    DoubleDash extends boolean,
  > =
    & (string extends Booleans | Strings | Collected ? Record<string, unknown>
      :
        & { [Name in Booleans]: Value<boolean, Name, Collected, never> }
        & {
          [Name in Exclude<Strings, "_">]: Value<
            string,
            Name,
            Collected,
            Name extends keyof Defaults ? Defaults[Name] : undefined
          >;
        }
        & { [Name in Exclude<Collected, Booleans | Strings>]?: (string | number | boolean)[] }
        & Omit<Defaults, Booleans | Strings | Collected>)
    & Operands<Strings, DoubleDash>;

  /** Reads the arguments of a command line. */
  export function parseArgs<
    Booleans extends string = never,
    Strings extends string = never,
    Collected extends string = never,
    // deno-lint-ignore ban-types -- no defaults at all
    Defaults extends object = {},
    DoubleDash extends boolean = false,
  >(
    args: readonly string[],
    options?: ParseOptions<Booleans, Strings, Collected, Defaults, DoubleDash>,
  ): Args<Booleans, Strings, Collected, Defaults, DoubleDash>;

  export {};
}

declare module "@std/cli/prompt-secret" {
  export interface PromptSecretOptions {
    /** What stands for each character, `*` unless told otherwise; nothing if empty. */
    mask?: string;
    /** Whether the line is cleared after the answer. */
    clear?: boolean;
  }

  /** Asks at the terminal without showing the answer; null where stdin is none. */
  export function promptSecret(message?: string, options?: PromptSecretOptions): string | null;
}
