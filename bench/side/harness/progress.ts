/** Tells whoever waits what is being measured, and how long it has taken so far. */
export function progress(what: string): void {
  const seconds = (performance.now() / 1000).toFixed(0).padStart(4);
  Deno.stderr.writeSync(new TextEncoder().encode(`${seconds} s  ${what}\n`));
}
