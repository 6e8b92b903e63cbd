/** What `@std/fmt` exports, as far as it is used. Each puts the text between ANSI sequences. */
declare module "@std/fmt/colors" {
  export function bold(str: string): string;
  export function brightRed(str: string): string;
  export function cyan(str: string): string;
  export function dim(str: string): string;
  export function green(str: string): string;
  export function red(str: string): string;
  export function yellow(str: string): string;
}
