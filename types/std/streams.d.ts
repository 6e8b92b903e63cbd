/** What `@std/streams` exports, as far as it is used. */
declare module "@std/streams/text-line-stream" {
  export interface TextLineStreamOptions {
    /** Whether a lone `\r` ends a line too. */
    allowCR?: boolean;
  }

  /** Cuts a stream of texts into lines, which end with `\n` or `\r\n`. */
  export class TextLineStream extends TransformStream<string, string> {
    constructor(options?: TextLineStreamOptions);
  }
}

declare module "@std/streams/to-text" {
  /** All of a stream as one text; bytes are read as UTF-8. */
  export function toText(stream: ReadableStream<string | Uint8Array>): Promise<string>;
}
