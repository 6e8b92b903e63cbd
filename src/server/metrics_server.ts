import { type HttpServer, serveHttp } from "../os/http_server.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import { METRICS_TYPE } from "./metrics.ts";

/** Where the figures are, as in every program that Prometheus asks. */
const PATH = "/metrics";

/** A server that gives out figures. */
export interface MetricsServer extends HttpServer {
  /** From now on there are figures to give out; until then it asks for patience. */
  answerWith(text: () => Promise<string>): void;
}

/**
 * Answers `GET /metrics` until it is closed.
 *
 * @throws {Failure} if it cannot listen there
 */
export function serveMetrics(endpoint: Endpoint): MetricsServer {
  let text: (() => Promise<string>) | null = null;
  const what = `metrics on ${formatEndpoint(endpoint)}`;
  const { close } = serveHttp(endpoint, what, async (request) => {
    if (new URL(request.url).pathname !== PATH) {
      return new Response(`metrics are at ${PATH}\n`, { status: 404 });
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
    }
    if (text === null) return new Response("not yet\n", { status: 503 });
    return new Response(await text(), { headers: { "content-type": METRICS_TYPE } });
  });
  return { answerWith: (figures) => text = figures, close };
}
