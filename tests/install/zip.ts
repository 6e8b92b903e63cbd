import { crc32 } from "node:zlib";

/** An archive of one file, as it is: what `zip -0` makes, where there is no zip. */
export function zipOf(name: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const title = new TextEncoder().encode(name);
  const mode = 0o100755; // of a program
  // Version, flags, method, time, date, checksum, two sizes, length of the name, no more fields.
  const shared = [
    ...[...shorts(20, 0, 0, 0, 0), ...longs(crc32(content), content.length, content.length)],
    ...shorts(title.length, 0),
  ];
  const local = [...longs(0x04034b50), ...shared, ...title];
  const entry = [
    ...[...longs(0x02014b50), ...shorts(0x0314), ...shared],
    ...[...shorts(0, 0, 0), ...longs(mode * 0x10000, 0), ...title],
  ];
  const end = [
    ...[...longs(0x06054b50), ...shorts(0, 0, 1, 1)],
    ...[...longs(entry.length, local.length + content.length), ...shorts(0)],
  ];
  const whole = new Uint8Array(local.length + content.length + entry.length + end.length);
  whole.set(local);
  whole.set(content, local.length);
  whole.set([...entry, ...end], local.length + content.length);
  return whole;
}

function shorts(...numbers: number[]): number[] {
  return numbers.flatMap((n) => [n & 0xff, n >>> 8 & 0xff]);
}

function longs(...numbers: number[]): number[] {
  return numbers.flatMap((n) => [0, 8, 16, 24].map((bits) => Math.floor(n / 2 ** bits) % 256));
}
