import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** An S3 server of a few lines: PUT, GET, DELETE and ListObjectsV2 in pages of two. It checks no signature. */
export class S3Fake {
  readonly objects = new Map<string, Buffer>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<S3Fake> {
    const server = createServer();
    const fake = new S3Fake(server);
    server.on("request", (request, response) => {
      void buffer(request).then((body) => {
        const url = new URL(request.url ?? "/", "http://s3");
        const [, bucket = "", ...rest] = decodeURIComponent(url.pathname).split("/");
        const key = rest.join("/");
        const { status, content } = fake.#answer(request.method ?? "", bucket, key, url.searchParams, body);
        response.writeHead(status).end(content);
      });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return fake;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #answer(
    method: string,
    bucket: string,
    key: string,
    query: URLSearchParams,
    body: Buffer,
  ): { status: number; content?: Buffer | string } {
    if (bucket !== "backups") return { status: 404, content: "<Error><Code>NoSuchBucket</Code></Error>" };
    if (method === "PUT") this.objects.set(key, body);
    if (method === "DELETE") this.objects.delete(key);
    if (method === "GET" && key === "") return { status: 200, content: this.#list(query) };
    if (method !== "GET") return { status: method === "DELETE" ? 204 : 200 };
    const content = this.objects.get(key);
    return content === undefined
      ? { status: 404, content: "<Error><Code>NoSuchKey</Code></Error>" }
      : { status: 200, content };
  }

  #list(query: URLSearchParams): string {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(query.get("prefix") ?? "")).sort();
    const start = Number(query.get("continuation-token") ?? 0);
    const more = start + 2 < keys.length;
    const contents = keys.slice(start, start + 2).map((key) => `<Contents><Key>${key}</Key></Contents>`);
    const next = more ? `<NextContinuationToken>${start + 2}</NextContinuationToken>` : "";
    return `<ListBucketResult><IsTruncated>${String(more)}</IsTruncated>${next}${contents.join("")}</ListBucketResult>`;
  }
}
