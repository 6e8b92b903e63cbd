/** Bytes read at once, as much as a pipe holds. */
const CHUNK_BYTES = 65_536;
/**
 * Unused read buffers. Left to itself a stream makes a new one for each read, be it of ten
 * bytes; the engine sees but small objects in them, and lets megabytes lie about.
 */
const spare: ArrayBuffer[] = [];

/** The text of a stream of UTF-8, as much at a time as has arrived. */
async function* textOf(
  stream: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const reader = stream.getReader({ mode: "byob" });
  const stop = (): void => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  const decoder = new TextDecoder();
  let buffer: ArrayBufferLike | undefined = spare.pop() ?? new ArrayBuffer(CHUNK_BYTES);
  try {
    for (;;) {
      const view: Uint8Array = new Uint8Array(buffer!);
      buffer = undefined; // it is the stream's until that gives it back, which one that breaks never does
      const read: ReadableStreamReadResult<Uint8Array> = await reader.read(view);
      buffer = read.value?.buffer;
      if (read.done) break;
      yield decoder.decode(read.value, { stream: true });
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
    if (buffer !== undefined) spare.push(buffer as ArrayBuffer);
  }
}

/**
 * The lines of a stream of UTF-8, as many at a time as have arrived; the last needs no end.
 *
 * @param stream of bytes, as from a child process
 * @param signal aborted when no more is wanted
 */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<string[]> {
  let rest = "";
  for await (const text of textOf(stream, signal)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    if (lines.length > 0) yield lines;
  }
  if (rest !== "") yield [rest];
}

/** All the text of a stream of UTF-8. */
export async function wholeOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return (await Array.fromAsync(textOf(stream))).join("");
}
