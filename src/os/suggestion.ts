import { closestString } from "@std/text/closest-string";

/** "Did you mean …?" where something known is near, else null. */
export function suggestion(word: string, known: readonly string[]): string | null {
  if (known.length === 0) return null;
  const near = closestString(word, known);
  return sharesHalf(word, near) ? near : null;
}

function sharesHalf(word: string, near: string): boolean {
  const common = [...word].filter((letter) => near.includes(letter)).length;
  return common * 2 > Math.max(word.length, near.length);
}
