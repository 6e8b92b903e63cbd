import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { Failure } from "../core/errors.ts";
import { METRICS_TYPE } from "../core/metrics.ts";

/** Where the figures are, as in every program that Prometheus asks. */
const PATH = "/metrics";

/** A server that gives out figures. */
export interface MetricsServer {
  /** From now on there are figures to give out; until then it asks for patience. */
  answerWith(text: () => Promise<string>): void;
  close(): Promise<void>;
}

/**
 * Answers `GET /metrics` until it is closed.
 *
 * @throws {Failure} if it cannot listen there
 */
export function serveMetrics(endpoint: Endpoint): MetricsServer {
  const { hostname, port } = endpoint;
  let text: (() => Promise<string>) | null = null;
  try {
    const server = Deno.serve({ hostname, port, onListen: () => {} }, async (request) => {
      if (new URL(request.url).pathname !== PATH) {
        return new Response(`figures are at ${PATH}\n`, { status: 404 });
      }
      if (request.method !== "GET" && request.method !== "HEAD") {
        return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
      }
      if (text === null) return new Response("not yet\n", { status: 503 });
      return new Response(await text(), { headers: { "content-type": METRICS_TYPE } });
    });
    return {
      answerWith: (figures) => text = figures,
      close: () => server.shutdown(),
    };
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse
      ? "something listens there already"
      : error instanceof Deno.errors.AddrNotAvailable
      ? "no interface of this machine has that address"
      : null;
    if (why === null) throw error;
    throw new Failure(`cannot give out figures at ${formatEndpoint(endpoint)}: ${why}`, {
      cause: error,
    });
  }
}
