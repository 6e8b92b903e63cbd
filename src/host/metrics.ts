import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { Failure } from "../core/errors.ts";
import { METRICS_TYPE } from "../core/metrics.ts";

/** Where the figures are, as in every program that Prometheus asks. */
const PATH = "/metrics";

/** A server that gives out figures. */
export interface MetricsServer {
  close(): Promise<void>;
}

/**
 * Answers `GET /metrics` until it is closed.
 *
 * @param text the figures of the moment
 * @throws {Failure} if it cannot listen there
 */
export function serveMetrics(endpoint: Endpoint, text: () => Promise<string>): MetricsServer {
  const { hostname, port } = endpoint;
  try {
    const server = Deno.serve({ hostname, port, onListen: () => {} }, async (request) => {
      if (new URL(request.url).pathname !== PATH) {
        return new Response(`figures are at ${PATH}\n`, { status: 404 });
      }
      if (request.method !== "GET" && request.method !== "HEAD") {
        return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
      }
      return new Response(await text(), { headers: { "content-type": METRICS_TYPE } });
    });
    return { close: () => server.shutdown() };
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
