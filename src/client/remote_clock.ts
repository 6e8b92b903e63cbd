import type { Skew } from "./skew.ts";

/**
 * How far another machine's clock is ahead of ours, by what its `date +%s` printed.
 *
 * @param printed its answer
 * @param asked unix milliseconds by our clock, before the question
 * @param answered the same, after the answer
 * @returns null if the answer is no number
 */
export function skewByDate(printed: string, asked: number, answered: number): Skew | null {
  const text = printed.trim();
  if (!/^\d{1,12}$/.test(text)) return null;
  // It read its clock between the question and the answer, and cut off the fraction.
  const [from, to] = [Number(text), Number(text) + 1];
  const [least, most] = [from - answered / 1000, to - asked / 1000];
  if (least <= 0 && most >= 0) return { least: 0, most: 0 };
  return { least: Math.ceil(least), most: Math.max(Math.ceil(least), Math.floor(most)) };
}
