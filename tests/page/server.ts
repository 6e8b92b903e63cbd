/** A web server on this machine with one page at any path, as somebody would put it. */
export class PageServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** What was asked for, as it came over the wire. */
  readonly asked: string[] = [];

  /**
   * @param html the page
   * @param headers called for each answer
   */
  constructor(html: string, headers: () => Record<string, string> = () => ({})) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      this.asked.push(`${request.method} ${request.url.replace(/^http:\/\/[^/]*/, "")}`);
      return new Response(html, { headers: { "content-type": "text/html", ...headers() } });
    });
  }

  /** The port it listens on. */
  get port(): number {
    return this.#server.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
